import type { Conversation, UserId } from "../model.ts";

/** The room that a policy callback asks about. */
export type CallbackRoom =
  | { readonly room: "managed"; readonly conversation: Conversation }
  /**
   * A room that a user made and Whisper has not adopted yet. `others`: everyone joined or invited, as far as known;
   * `joined`: those of them who have joined.
   */
  | {
      readonly room: "user-made";
      readonly others: readonly UserId[];
      readonly joined: readonly UserId[];
    }
  /** Refused or abandoned: nobody may continue in it. */
  | { readonly room: "closed" }
  | { readonly room: "unknown" };
