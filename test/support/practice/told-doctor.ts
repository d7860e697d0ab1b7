/** A practice whose doctor has just been told of an arrival that reception marked, for tests of the answers. */
import type { MatrixEvent } from "../../../src/messages/event.ts";
import type { EventId } from "../../../src/policy/model.ts";
import { openPractice, type Practice } from "./arrivals.ts";

export interface ToldDoctor {
  readonly practice: Practice;
  readonly notice: EventId;
  readonly noticeRef: string;
  /** The doctor writes in their arrivals room. */
  write(
    body: string,
    relation: Record<string, unknown> | null,
    more?: Record<string, unknown>,
  ): Promise<MatrixEvent>;
  /** Of each notice. */
  state(): Promise<unknown[]>;
}

export async function openToldDoctor(): Promise<ToldDoctor> {
  const practice = await openPractice();
  await practice.user("dr.jones", { doctor: true });
  await practice.user("mia.chen");
  const { arrival } = await practice.put({});
  await practice.deliver();
  const noticeRef = `arrival:${arrival?.id}:1:dr.jones:notice`;
  return {
    practice,
    notice: await practice.eventOf(noticeRef),
    noticeRef,
    write: (body, relation, more = {}) =>
      practice.event("dr.jones", {
        type: "m.room.message",
        content: { msgtype: "m.text", body, ...more, ...(relation && { "m.relates_to": relation }) },
      }),
    state: async () => (await practice.notices()).map((row) => row.state),
  };
}
