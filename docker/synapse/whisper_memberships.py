"""
Whisper's Synapse module: memberships carry no text from the people who make them (docs/decisions/memberships.md).

Synapse asks no antispam callback about the content of a membership, and its `check_event_allowed` reads the room's
whole state for every event. So this module wraps the one function that handles every membership.
Whisper's own changes, made as the application service, pass unchanged. When in doubt a membership is refused: if the
function's signature differs, Synapse does not start.
"""

import functools
import inspect
from typing import Any

from synapse.api.errors import Codes, SynapseError
from synapse.module_api import ModuleApi

CONVERSATION = ("au.healthtrack.whisper.conversation", "")
TOMBSTONE = ("m.room.tombstone", "")
LEVELS = ("m.room.power_levels", "")
USED = {"requester", "target", "room_id", "action", "content", "third_party_signed", "new_room"}

STAYS = "You belong to this conversation, so you cannot leave it. Mute it if it disturbs you."
INVITE_INSTEAD = "Invite people by name: a new conversation cannot begin with members."


class Memberships:
    def __init__(self, config: dict | None, api: ModuleApi) -> None:
        self._api = api
        self._bot = f"@{(config or {}).get('bot', 'whisper')}:{api.server_name}"
        handler = api._hs.get_room_member_handler()
        update = handler.update_membership
        signature = inspect.signature(update)
        missing = USED - signature.parameters.keys()
        if missing:
            raise RuntimeError(f"whisper_memberships does not fit this Synapse: update_membership lacks {missing}")

        @functools.wraps(update)
        async def guarded(*args: Any, **named: Any) -> tuple[str, int]:
            call = signature.bind(*args, **named)
            given = call.arguments
            if given["requester"].app_service_id is None:
                given["content"] = known_fields(given["action"], given.get("content"))
                given["third_party_signed"] = None
                standing = await self._standing(given)
                if standing is not None:
                    return standing
            return await update(*call.args, **call.kwargs)

        handler.update_membership = guarded
        api.register_third_party_rules_callbacks(on_create_room=self._on_create_room)

    async def _standing(self, given: dict) -> tuple[str, int] | None:
        """
        Handles leaving one of Whisper's rooms, and joining it again. Each would add a line to everyone's timeline.
        @returns the existing membership, instead of making another like it; None: carry on.
        @raises SynapseError (403) if the person may not leave.
        """
        requester, room, action = given["requester"], given["room_id"], given["action"]
        user = requester.user.to_string()
        # This does not apply when an administrator or Synapse itself acts for someone. Nor to the bot: when it deletes a
        # room, it leaves it too.
        if requester.authenticated_entity != user or given["target"].to_string() != user or user == self._bot:
            return None
        if action not in ("join", "leave") or given.get("new_room"):
            return None
        own = ("m.room.member", user)
        state = await self._api.get_room_state(room, [CONVERSATION, TOMBSTONE, LEVELS, own])
        marker, member = state.get(CONVERSATION), state.get(own)
        if marker is None or marker.sender != self._bot or TOMBSTONE in state:
            return None
        if member is None or member.content.get("membership") != "join":
            return None
        if action == "leave":
            # Whisper lets people who leave any other kind in again.
            if marker.content.get("kind") != "custom" and not await self._api.is_user_admin(user):
                raise SynapseError(403, STAYS, Codes.FORBIDDEN)
            return None
        # The join brings a new portrait, or nothing new. A new name comes from HealthTrack, and is always shown.
        profile = await self._api.get_profile_for_user(requester.user.localpart)
        if may_write(state.get(LEVELS), user) or member.content.get("displayname") != profile.display_name:
            return None
        return member.event_id, member.internal_metadata.stream_ordering

    async def _on_create_room(self, requester: Any, config: dict, is_requester_admin: bool) -> None:
        """Synapse asks no callback about initial members. Whisper never sends any, and tests this to see if the module is there."""
        for event in config.get("initial_state") or []:
            if event.get("type") == "m.room.member":
                raise SynapseError(403, INVITE_INSTEAD, Codes.FORBIDDEN)


def known_fields(action: str, content: dict | None) -> dict | None:
    """Synapse adds the membership and the profile itself. An invitation may say that the room is a chat for two."""
    if action == "invite" and content and content.get("is_direct") is True:
        return {"is_direct": True}
    return None


def may_write(levels: Any, user: str) -> bool:
    content = levels.content if levels is not None else {}
    own = content.get("users", {}).get(user, content.get("users_default", 0))
    return own >= content.get("events_default", 0)
