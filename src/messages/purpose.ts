import type { EventId, Username } from "../policy/model.ts";

type Nothing = Readonly<Record<never, never>>;

/** A recipient's answer to an arrival, in the event that they wrote. */
interface OfRecipient {
  readonly username: Username;
  readonly event: EventId;
}

/** What sends are for, with what has to be known if one is given up. */
interface Purposes {
  /** Tells a recipient of an arrival. */
  readonly notice: { readonly arrival: string; readonly username: Username; readonly posting: number };
  /** A recipient's answer to a notice, passed on to whoever marked the arrival. */
  readonly pass_on: OfRecipient & { readonly arrival: string };
  /** A recipient's correction of such an answer. */
  readonly correction: OfRecipient;
  /** Asks a recipient again, with a sound. */
  readonly reminder: Nothing;
  /** Tells staff something that they did not ask for, and on which they may have to act. */
  readonly sentence: Nothing;
  /** Answers someone who has just written to Whisper. */
  readonly answer: Nothing;
  /** A person's own message, repeated in the conversation where it belongs. */
  readonly repetition: Nothing;
  /** A reply that came by SMS, put into its conversation as the person of this name. */
  readonly sms_reply: { readonly name: string };
  /** For those who look after Whisper. */
  readonly admin_sentence: Nothing;
  /** Explains a room to the people in it. */
  readonly card: Nothing;
  /** Shows an earlier message as it is now. */
  readonly edit: Nothing;
  /** Takes something out of a room that must no longer be read there. */
  readonly removal: Nothing;
  /** Takes away what a person wrote to Whisper in front of others. */
  readonly tidying: Nothing;
  /** A reaction under a message, so that one click answers; or what makes such a button ready for the next click. */
  readonly button: Nothing;
}

export type PurposeKind = keyof Purposes;

/** What a send is for. Each says what it means when it is given up (messages/given-up.ts), or it does not compile. */
export type Purpose<Kind extends PurposeKind = PurposeKind> = {
  readonly [Is in Kind]: { readonly is: Is } & Purposes[Is];
}[Kind];

/**
 * What a person waits for is sent first (0), then changes of what is there (1), then buttons (2). A target's rank is
 * never greater than that of a send about it, so a button follows its notice and an edit its original.
 */
export const RANK: Readonly<Record<PurposeKind, 0 | 1 | 2>> = {
  notice: 0,
  pass_on: 0,
  reminder: 0,
  sentence: 0,
  answer: 0,
  repetition: 0,
  sms_reply: 0,
  admin_sentence: 0,
  card: 0,
  correction: 1,
  edit: 1,
  removal: 1,
  tidying: 2,
  button: 2,
};
