"""Asks the published library whether it takes deliveries: an array of {secret, headers, body} in, an array of true and
false out."""

import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError


def takes(delivery):
    try:
        Webhook(delivery["secret"]).verify(delivery["body"], delivery["headers"])
    except WebhookVerificationError:
        return False
    return True


print(json.dumps([takes(delivery) for delivery in json.load(sys.stdin)]))
