"""The web container's health check: does the web process serve its health page under a host it accepts?"""

import http.client
import os
import sys

# A leading dot allows a domain and all below it; any name under it is accepted.
HOST = os.environ["ALLOWED_HOSTS"].split(",")[0].strip().removeprefix(".")

connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
connection.request("GET", "/healthz/", headers={"Host": HOST})
sys.exit(connection.getresponse().status != http.HTTPStatus.OK)
