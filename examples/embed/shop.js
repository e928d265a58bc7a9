// What a shop's own page may do with the widget: listen, and speak to it. See docs/embed.md.
"use strict";
for (const name of ["ready", "open", "close", "item", "cart", "checkout", "like", "dislike", "answer", "handoff", "identity-expired"]) {
  window.addEventListener(`floorwalker:${name}`, (event) => {
    const line = document.createElement("li");
    line.textContent = `${name} ${event.detail ? JSON.stringify(event.detail) : ""}`;
    document.getElementById("seen").append(line);
  });
}

// The example's shop has no pages of its own for items: a single-page shop would show the item here instead.
window.addEventListener("floorwalker:item", (event) => event.preventDefault());

// A token that has run out is replaced by one that this site's server signs for whoever is signed in.
window.addEventListener("floorwalker:identity-expired", async () => {
  const response = await fetch("identity-token");
  if (response.ok) window.Floorwalker.identify(await response.text());
});
