// Asks the published library whether it takes deliveries: an array of {secret, headers, body} in, an array of true and
// false out.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

function takes({ secret, headers, body }) {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    if (error.name !== "WebhookVerificationError") throw error;
    return false;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(takes)));
