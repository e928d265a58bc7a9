<?php
// Who is signed in, as a shop's server on PHP signs it for the chat (HS256, no package needed).
declare(strict_types=1);

function base64url(string $raw): string
{
    return rtrim(strtr(base64_encode($raw), '+/', '-_'), '=');
}

// $secret: the same as FLOORWALKER_IDENTITY_SECRET; $shop: its slug. Call it on the server, for the signed-in customer only.
function identity_token(string $secret, string $customerId, string $shop, int $seconds = 3600): string
{
    $now = time();
    $claims = ['sub' => $customerId, 'aud' => $shop, 'iat' => $now, 'exp' => $now + $seconds];
    $signed = base64url(json_encode(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . base64url(json_encode($claims));

    return $signed . '.' . base64url(hash_hmac('sha256', $signed, $secret, true));
}

if (PHP_SAPI === 'cli' && isset($argv[3])) {
    echo identity_token($argv[1], $argv[2], $argv[3]), "\n";
}
