import { enqueueSends } from "../messages/outbox.ts";
import type { Transaction } from "../store/database.ts";
import type { SmsDependencies } from "./dependencies.ts";
import { note } from "./marks.ts";
import { markedBy, moveTo, workOn } from "./progress.ts";
import { latestAttempt } from "./record/attempts.ts";
import { lockSms, requeue } from "./record/messages.ts";
import * as words from "./words.ts";

/**
 * The sender's decision about an SMS that may or may not have been sent. To send it again is to look for it once more
 * first. False: there is nothing to decide.
 */
export async function decide(
  tx: Transaction,
  { directory, now }: Pick<SmsDependencies, "directory" | "now">,
  id: string,
  choice: "send" | "leave",
): Promise<boolean> {
  const sms = await lockSms(tx, id);
  if (sms?.state !== "review") return false;
  switch (choice) {
    case "leave":
      await moveTo(tx, await directory.within(tx), sms, "left");
      return true;
    case "send": {
      const attempt = await latestAttempt(tx, id);
      await requeue(tx, id, now());
      await enqueueSends(tx, [note(`sms:${id}:again:${attempt?.ref}`, markedBy(sms), words.sentAgain)]);
      await workOn(tx, id);
      return true;
    }
    default:
      return choice satisfies never;
  }
}
