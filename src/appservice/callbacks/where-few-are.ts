import type { Logger } from "pino";
import type { CallbackRoom } from "../../policy/callbacks/callback-room.ts";
import {
  type Act,
  groupsThatHangOnFew,
  roomHangsOnFew,
  withoutLeft,
} from "../../policy/callbacks/hangs-on-few.ts";
import {
  type Directory,
  type PracticeSettings,
  type RoomId,
  refused,
  type Verdict,
} from "../../policy/model.ts";
import * as words from "../../policy/words.ts";
import type { CallbackRooms } from "./callback-rooms.ts";

export type WhereFewAre = (
  directory: Directory,
  id: RoomId,
  act: Act,
  decide: (directory: Directory, room: CallbackRoom) => Verdict,
) => Promise<Verdict>;

/**
 * If a few people decide whether someone who never receives is reached alone, an allowed act is decided again by who is
 * in the room right now. Whisper hears of departures a moment later.
 */
export const whereFewAreIn =
  (settings: PracticeSettings, rooms: CallbackRooms, log: Logger): WhereFewAre =>
  async (directory, id, act, decide) => {
    const first = decide(directory, act.room);
    if (!first.allowed) return first;
    try {
      if (roomHangsOnFew(directory, settings, act)) return decide(directory, await rooms.asked(id));
      const groups = groupsThatHangOnFew(directory, settings, act);
      if (groups.length === 0) return first;
      const now = withoutLeft(directory, settings, await rooms.left(groups));
      return decide(now, act.room).allowed ? first : refused(words.justChanging);
    } catch (error) {
      log.warn(
        { err: error },
        "it could not be asked who is still in a room, and what hangs on it is refused",
      );
      return refused(words.justChanging);
    }
  };
