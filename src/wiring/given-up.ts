import { arrivalsNotSent } from "../arrivals/not-sent.ts";
import { wordsNotSent } from "../conversations/not-sent.ts";
import type { GivenUpHandlers, GivenUpOutcome } from "../messages/given-up.ts";
import { repliesNotPosted } from "../sms/not-posted.ts";
import type { Services } from "./services.ts";

/** What it means that a send is given up, for everything that is sent. */
export const givenUpHandlers = ({
  arrivalDependencies,
  directory,
  settings,
}: Pick<Services, "arrivalDependencies" | "directory" | "settings">): GivenUpHandlers => ({
  ...arrivalsNotSent(arrivalDependencies),
  ...wordsNotSent(directory, settings),
  ...repliesNotPosted,
  // The next step of the escalation comes by itself.
  reminder: nobodyWaits,
  // There is nobody else to tell: the log, the metrics and `whisper dead-letters` show it.
  admin_sentence: nobodyWaits,
  // What they are about is there without them.
  card: nobodyWaits,
  edit: nobodyWaits,
  tidying: nobodyWaits,
  button: nobodyWaits,
});

const nobodyWaits = async (): Promise<GivenUpOutcome> => "may be retried";
