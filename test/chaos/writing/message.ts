/** What people say, as clients put it. */

export interface Message {
  readonly by: string;
  /** The key of its conversation. */
  readonly conversation: string;
  readonly room: string;
  readonly event: string;
  /** No other message has it. */
  readonly text: string;
  readonly how: "plain" | "reply" | "thread" | "edit" | "reaction";
  /** Where the day's log speaks of it. */
  readonly log: readonly [from: number, to: number];
}

/** Marks every message, also those without words. */
export const TEXT = "au.example.chaos.text";

/**
 * @param wished how it refers to another. What is impossible becomes a plain message.
 * @param about which of the messages in the conversation.
 */
export function contentOf(
  text: string,
  wished: Message["how"],
  messages: readonly Message[],
  about: number,
  by: string,
): { type: string; content: object; as: Message["how"] } {
  const said = { msgtype: "m.text", body: text, [TEXT]: text };
  const whole = messages.filter(({ how }) => how === "plain");
  const its = wished === "edit" ? whole.filter((each) => each.by === by) : whole;
  const other = its.length === 0 ? undefined : its[about % its.length];
  const type = "m.room.message";
  if (wished === "plain" || other === undefined) return { type, content: said, as: "plain" };
  const event_id = other.event;
  const reply = { "m.in_reply_to": { event_id } };
  switch (wished) {
    case "reply":
      return { type, content: { ...said, "m.relates_to": reply }, as: wished };
    case "thread": {
      const relation = { rel_type: "m.thread", event_id, is_falling_back: true, ...reply };
      return { type, content: { ...said, "m.relates_to": relation }, as: wished };
    }
    case "edit": {
      const relation = { rel_type: "m.replace", event_id };
      const content = { ...said, body: `* ${text}`, "m.new_content": said, "m.relates_to": relation };
      return { type, content, as: wished };
    }
    case "reaction":
      // With its own key: the homeserver refuses the same reaction of the same person to the same message.
      return {
        type: "m.reaction",
        content: {
          [TEXT]: text,
          "m.relates_to": { rel_type: "m.annotation", event_id, key: text },
        },
        as: wished,
      };
    default:
      return wished satisfies never;
  }
}
