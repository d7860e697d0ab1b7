import { z } from "zod";
import { username } from "../../directory/input/schema.ts";
import { readUser } from "../../directory/users.ts";
import { type Position, readPosition } from "../../signals/frames.ts";
import type { SignalStreams } from "../../signals/streams.ts";
import type { Database } from "../../store/database.ts";
import { invalidInput, notFound, Problem } from "../kernel/problem.ts";
import { eventStream } from "../kernel/reply.ts";
import { type Route, route } from "../kernel/route.ts";
import { userInAddress } from "./directory-problem.ts";

export interface SignalRouteDependencies {
  readonly database: Database;
  readonly signals: SignalStreams;
}

/** What HealthTrack's desktop listens to. */
export const signalRoutes = ({ database, signals }: SignalRouteDependencies): Route[] => [
  route({
    method: "GET",
    path: "/api/v1/users/{username}/events",
    scope: "users:read",
    tag: "Users",
    summary: "Listen to what happens to a user",
    description:
      "Server-sent events for HealthTrack's desktop, without texts. `hello` comes first: `open_on_startup`, " +
      "`open_on_message`, and `missed`, which is true if something since `Last-Event-ID` may be lost: then read the " +
      "conversations and arrivals. `message` comes for each message from someone else: `conversation_id`, `kind`, `room_id`, " +
      "`event_id`, `sender` (null: Whisper), `unread` (at most 100), and `open`, whether the user wants the window to come " +
      "up: never for one that was written more than five minutes ago. `arrival` comes when a notice comes, changes or goes: " +
      "`arrival_id`, `state`. `patient-open` comes when the user opens a patient's link: `patient_id`. Send the last `id` back as " +
      "`Last-Event-ID` to get what came meanwhile, for up to a day. An event may come twice, with the same id before the " +
      "last dot but one. `end` comes last, if possible, with the `reason`: `too_slow` (the listener " +
      "did not read), `keys_changed`, `restart` or `failed`. Come back then.",
    params: z.strictObject({ username: username() }),
    responses: { 200: { description: "The stream, which does not end.", contentType: "text/event-stream" } },
    problems: {
      404: "There is no such user.",
      503: "As many listeners as possible are connected. Retry after `Retry-After`.",
    },
    async handler({ params }, { header, signal }) {
      const user = await readUser(database, await userInAddress(database, params.username));
      if (user === null) throw notFound("such user");
      const pieces = signals.open(user.username, positionIn(header("last-event-id")), signal);
      if (pieces === null)
        throw new Problem("unavailable", "Too many listeners are connected. Try again in a minute.", {
          retryAfter: 60,
        });
      return eventStream(pieces);
    },
  }),
];

function positionIn(sent: string | undefined): Position | null {
  if (sent === undefined || sent === "") return null;
  const position = readPosition(sent);
  if (position === null)
    throw invalidInput([{ path: "Last-Event-ID", message: "must be the id of the last event, or left out" }]);
  return position;
}
