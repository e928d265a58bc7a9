// Who is signed in, as a shop's server on Node signs it for the chat (HS256, no package needed).
import { createHmac } from "node:crypto";

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// secret: the same as FLOORWALKER_IDENTITY_SECRET; shop: its slug. Call it on the server, for the signed-in customer only.
export function identityToken(secret, customerId, shop, seconds = 3600) {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: customerId, aud: shop, iat: now, exp: now + seconds })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) console.log(identityToken(...process.argv.slice(2, 5)));
