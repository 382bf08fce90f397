"""instagrapi sends a direct message, as if it had been logged in before."""

import json
import sys

from instagrapi import Client

told = json.loads(sys.argv[1])
client = Client(proxy=told["proxy"])
client.authorization_data = {"ds_user_id": "4471", "sessionid": "4471%3Alab-only-not-a-session"}
client.direct_send(told["out"], user_ids=[5520])
