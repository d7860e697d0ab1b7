import express, { type Response, type Router } from "express";
import type { Logger } from "pino";
import type { DirectorySnapshot } from "../../directory/snapshot.ts";
import type { EventId, PracticeSettings, RoomId, UserId, Verdict } from "../../policy/model.ts";
import { requireToken } from "../homeserver/require-token.ts";
import type { CallbackName, PolicyCallback } from "./callback.ts";
import type { CallbackRooms } from "./callback-rooms.ts";
import { checkEventForSpam } from "./check-event-for-spam.ts";
import { checkLoginForSpam, type SignIn } from "./check-login-for-spam.ts";
import { userMayCreateRoom } from "./user-may-create-room.ts";
import { userMayInvite } from "./user-may-invite.ts";
import { userMayJoinRoom } from "./user-may-join-room.ts";
import { userMaySend3pidInvite } from "./user-may-send-3pid-invite.ts";
import { whereFewAreIn } from "./where-few-are.ts";

export interface PolicyCallbackDependencies {
  readonly token: string;
  readonly directory: DirectorySnapshot;
  readonly settings: PracticeSettings;
  readonly rooms: CallbackRooms;
  /** Adopts a room that a user made, and waits until that is done, for a bounded time. */
  readonly adopt: (room: RoomId) => Promise<void>;
  /** Is an event what the room now is, such as its name, or the user's own membership? */
  readonly isPresentState: (room: RoomId, user: UserId, event: EventId) => Promise<boolean>;
  /** Called when someone may sign in. Nobody waits for it. */
  readonly onSignIn: (signIn: SignIn) => void;
  /** Called with each room into which an invitation was refused. Nobody waits for it. */
  readonly onInvitationRefused: (room: RoomId) => void;
  readonly log: Logger;
  readonly onDecided: (callback: CallbackName, allowed: boolean, seconds: number) => void;
}

/**
 * The policy callbacks of synapse-http-antispam: 200 allows, 403 refuses with a sentence that the client shows. They
 * are answered from memory. Before refusing, Whisper asks the database and the homeserver, since memory may be slightly
 * out of date; if they cannot be asked, the answer from memory stands.
 */
export function policyCallbacks(dependencies: PolicyCallbackDependencies): Router {
  const { settings, rooms, log } = dependencies;
  const router = express.Router();
  router.use(requireToken(dependencies.token), express.json({ limit: "2mb" }));
  const serve = serving(router, dependencies);
  const whereFewAre = whereFewAreIn(settings, rooms, log);
  serve(userMayCreateRoom(settings));
  serve(userMayInvite(settings, whereFewAre), undefined, ({ room_id }) =>
    dependencies.onInvitationRefused(room_id),
  );
  serve(userMaySend3pidInvite());
  serve(userMayJoinRoom(settings));
  serve(checkLoginForSpam(settings), (signIn) => dependencies.onSignIn(signIn));
  serve(checkEventForSpam(settings, whereFewAre, dependencies.adopt, dependencies.isPresentState));
  return router;
}

/** @returns a function that serves a callback; after it answers, it calls `allowed` or `refused`. */
function serving(
  router: Router,
  {
    directory,
    rooms,
    log,
    onDecided,
  }: Pick<PolicyCallbackDependencies, "directory" | "rooms" | "log" | "onDecided">,
) {
  const again = (callback: CallbackName, second: () => Promise<Verdict>, first: Verdict): Promise<Verdict> =>
    second().catch((error: unknown) => {
      log.warn({ err: error, callback }, "a refusal could not be looked at again, and stands");
      return first;
    });
  return <Body>(
    { name, body: schema, decide }: PolicyCallback<Body>,
    allowed: (body: Body) => void = () => undefined,
    refused: (body: Body) => void = () => undefined,
  ) => {
    const afresh = async (body: Body) =>
      decide({ directory: await directory.fresh(), roomOf: rooms.asked }, body);
    router.post(`/${name}`, async (request, response) => {
      const started = performance.now();
      const body = schema.safeParse(request.body);
      if (!body.success) {
        response.status(400).json({ errcode: "M_BAD_JSON", error: "This is not what the callback sends" });
        return;
      }
      try {
        const first = await decide({ directory: directory.latest(), roomOf: rooms.roomOf }, body.data);
        const verdict = first.allowed ? first : await again(name, () => afresh(body.data), first);
        onDecided(name, verdict.allowed, (performance.now() - started) / 1_000);
        answer(response, verdict);
        (verdict.allowed ? allowed : refused)(body.data);
      } catch (error) {
        log.error({ err: error, callback: name }, "a policy callback could not decide");
        // Deliberately not JSON: the module then does what it was told to do on failures (messages pass, everything
        // else is refused).
        response.status(500).type("text").send("Whisper could not decide");
      }
    });
  };
}

function answer(response: Response, verdict: Verdict): void {
  if (verdict.allowed) response.json({});
  else response.status(403).json({ errcode: "M_FORBIDDEN", error: verdict.reason });
}
