import express, { type Response, type Router } from "express";
import type { Logger } from "pino";
import { z } from "zod";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { CallbackRoom } from "../../policy/callbacks/callback-room.ts";
import { mayWriteEvent } from "../../policy/callbacks/check-event-for-spam.ts";
import { mayLogin } from "../../policy/callbacks/check-login-for-spam.ts";
import {
  type Act,
  groupsThatHangOnFew,
  roomHangsOnFew,
  withoutLeft,
} from "../../policy/callbacks/hangs-on-few.ts";
import { mayCreateRoom } from "../../policy/callbacks/user-may-create-room.ts";
import { mayInvite } from "../../policy/callbacks/user-may-invite.ts";
import { mayJoin } from "../../policy/callbacks/user-may-join-room.ts";
import {
  type Directory,
  type PracticeSettings,
  type RoomId,
  refused,
  type UserId,
  type Verdict,
} from "../../policy/model.ts";
import * as words from "../../policy/words.ts";
import { requireToken } from "../homeserver/require-token.ts";
import type { CallbackRooms } from "./callback-rooms.ts";

const userId = z.string().transform((id) => id as UserId);
const roomId = z.string().transform((id) => id as RoomId);

/** What synapse-http-antispam sends for each callback that Whisper enables. */
const BODIES = {
  user_may_create_room: z.looseObject({ user_id: userId }),
  user_may_invite: z.looseObject({ inviter: userId, invitee: userId, room_id: roomId }),
  user_may_send_3pid_invite: z.looseObject({ inviter: userId }),
  user_may_join_room: z.looseObject({ user: userId, room: roomId }),
  check_login_for_spam: z.looseObject({ user_id: userId }),
  check_event_for_spam: z.looseObject({
    event: z.looseObject({
      sender: userId,
      room_id: roomId.optional(),
      type: z.string(),
      state_key: z.string().optional(),
      content: z.record(z.string(), z.unknown()),
    }),
  }),
} as const;

type Callback = keyof typeof BODIES;
type Body<Name extends Callback> = z.infer<(typeof BODIES)[Name]>;
/** What a decision is based on. */
interface View {
  readonly directory: Directory;
  readonly roomOf: CallbackRooms["roomOf"];
}
type Decide<Name extends Callback> = (view: View, body: Body<Name>) => Promise<Verdict>;

export interface PolicyCallbackDependencies {
  readonly token: string;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly rooms: CallbackRooms;
  /** Adopts a room that a user made, and waits until that is done, for a bounded time. */
  readonly adopt: (room: RoomId) => Promise<void>;
  /** Called when someone may sign in. Nobody waits for it. */
  readonly onSignIn: (user: UserId) => void;
  /** Told of each room that somebody could not be invited into. Nobody waits for it. */
  readonly onInvitationRefused: (room: RoomId) => void;
  readonly log: Logger;
  readonly onDecided: (callback: Callback, allowed: boolean, seconds: number) => void;
}

/**
 * The policy callbacks of synapse-http-antispam: 200 allows, 403 refuses with a sentence that the client shows. They
 * are answered from memory. Before refusing, Whisper asks the database and the homeserver, since memory may be slightly
 * out of date; if they cannot be asked, the answer from memory stands.
 */
export function policyCallbacks(dependencies: PolicyCallbackDependencies): Router {
  const router = express.Router();
  router.use(requireToken(dependencies.token), express.json({ limit: "2mb" }));
  const decisions = decisionsOf(dependencies);
  const afresh = async <Name extends Callback>(decide: Decide<Name>, body: Body<Name>) =>
    decide({ directory: await dependencies.directory.fresh(), roomOf: dependencies.rooms.asked }, body);
  const again = (callback: Callback, second: () => Promise<Verdict>, first: Verdict): Promise<Verdict> =>
    second().catch((error: unknown) => {
      dependencies.log.warn({ err: error, callback }, "a refusal could not be looked at again, and stands");
      return first;
    });
  const serve = <Name extends Callback>(
    name: Name,
    decide: Decide<Name>,
    allowed: (body: Body<Name>) => void = () => undefined,
    refused: (body: Body<Name>) => void = () => undefined,
  ) => {
    router.post(`/${name}`, async (request, response) => {
      const started = performance.now();
      const body = BODIES[name].safeParse(request.body);
      if (!body.success) {
        response.status(400).json({ errcode: "M_BAD_JSON", error: "This is not what the callback sends" });
        return;
      }
      try {
        const given = body.data as Body<Name>;
        const first = await decide(
          { directory: dependencies.directory.latest(), roomOf: dependencies.rooms.roomOf },
          given,
        );
        const verdict = first.allowed ? first : await again(name, () => afresh(decide, given), first);
        dependencies.onDecided(name, verdict.allowed, (performance.now() - started) / 1_000);
        answer(response, verdict);
        (verdict.allowed ? allowed : refused)(given);
      } catch (error) {
        dependencies.log.error({ err: error, callback: name }, "a policy callback could not decide");
        // Deliberately not JSON: the module then does what it was told to do on failures (messages pass, everything
        // else is refused).
        response.status(500).type("text").send("Whisper could not decide");
      }
    });
  };
  serve("user_may_create_room", decisions.user_may_create_room);
  serve("user_may_invite", decisions.user_may_invite, undefined, ({ room_id }) =>
    dependencies.onInvitationRefused(room_id),
  );
  serve("user_may_send_3pid_invite", decisions.user_may_send_3pid_invite);
  serve("user_may_join_room", decisions.user_may_join_room);
  serve("check_login_for_spam", decisions.check_login_for_spam, ({ user_id }) =>
    dependencies.onSignIn(user_id),
  );
  serve("check_event_for_spam", decisions.check_event_for_spam);
  return router;
}

function answer(response: Response, verdict: Verdict): void {
  if (verdict.allowed) response.json({});
  else response.status(403).json({ errcode: "M_FORBIDDEN", error: verdict.reason });
}

function decisionsOf(dependencies: PolicyCallbackDependencies): { [Name in Callback]: Decide<Name> } {
  const { settings, adopt } = dependencies;
  return {
    user_may_create_room: async ({ directory }, { user_id }) => mayCreateRoom(directory, settings, user_id),
    check_login_for_spam: async ({ directory }, { user_id }) => mayLogin(directory, settings, user_id),
    user_may_invite: async ({ directory, roomOf }, { inviter, invitee, room_id }) => {
      const room = await roomOf(room_id);
      const act = { by: inviter, to: invitee, room };
      return whereFewAre(dependencies, directory, room_id, act, (people, now) =>
        mayInvite(people, settings, { inviter, invitee, room: now }),
      );
    },
    // People of the practice are invited by their accounts.
    user_may_send_3pid_invite: async () => refused(words.notByEmail),
    user_may_join_room: async ({ directory, roomOf }, { user, room }) =>
      mayJoin(directory, settings, { user, room: await roomOf(room) }),
    check_event_for_spam: async ({ directory, roomOf }, { event }) => {
      const { sender, type, content } = event;
      const state = event.state_key !== undefined;
      // The create event comes before there is a room.
      if (event.room_id === undefined) return mayCreateRoom(directory, settings, sender);
      let room = await roomOf(event.room_id);
      // A message into a room that is not ours yet: the room is adopted first, so that the rules apply to the message.
      // State never waits for adoption, which itself writes state.
      if (!room.settled && !state && sender !== settings.bot) {
        await adopt(event.room_id);
        room = await roomOf(event.room_id);
      }
      const undecided = !room.settled;
      const act = { by: sender, room, names: state };
      return whereFewAre(dependencies, directory, event.room_id, act, (people, now) =>
        mayWriteEvent(people, settings, { sender, type, state, content, room: now, undecided }),
      );
    },
  };
}

/**
 * If a few people decide whether someone who never receives is reached alone, an allowed act is decided again by who is
 * in the room right now. Whisper hears of departures a moment later.
 */
async function whereFewAre(
  { rooms, settings, log }: PolicyCallbackDependencies,
  directory: Directory,
  id: RoomId,
  act: Act,
  decide: (directory: Directory, room: CallbackRoom) => Verdict,
): Promise<Verdict> {
  const first = decide(directory, act.room);
  if (!first.allowed) return first;
  try {
    if (roomHangsOnFew(directory, settings, act)) return decide(directory, await rooms.asked(id));
    const groups = groupsThatHangOnFew(directory, settings, act);
    if (groups.length === 0) return first;
    const now = withoutLeft(directory, settings, await rooms.left(groups));
    return decide(now, act.room).allowed ? first : refused(words.justChanging);
  } catch (error) {
    log.warn({ err: error }, "it could not be asked who is still in a room, and what hangs on it is refused");
    return refused(words.justChanging);
  }
}
