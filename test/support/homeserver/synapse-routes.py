"""Prints the client API's routes as this Synapse registers them: [method, expression, servlet], as JSON."""

import json
import sys
from unittest.mock import MagicMock

from synapse.rest import ClientRestResource
from synapse.rest.client import media
from synapse.rest.media.media_repository_resource import MediaRepositoryResource


class Routes:
    """Stands where Synapse's JsonResource takes its servlets."""

    def __init__(self):
        self.found = {}

    def register_paths(self, method, path_patterns, callback, servlet_classname):
        for pattern in path_patterns:
            self.found[(method, pattern.pattern, servlet_classname)] = True


class Settings(MagicMock):
    """Every setting is on, or every setting is off."""

    def __init__(self, *args, on=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.on = on

    def _get_child_mock(self, **kwargs):
        child = MagicMock(**kwargs)
        child.__bool__.return_value = self.on
        child._get_child_mock = self._get_child_mock
        return child


def homeserver(on):
    made = MagicMock()
    made.config = Settings(on=on)
    made.config.worker.worker_app = None
    return made


routes = Routes()
# Both together are all routes there are, experiments included.
for on in (True, False):
    hs = homeserver(on)
    ClientRestResource.register_servlets(routes, hs, ["client"])
    media.register_servlets(hs, routes)
    MediaRepositoryResource.register_servlets(routes, hs)
json.dump(list(routes.found), sys.stdout)
