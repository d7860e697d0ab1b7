import { DEFAULT_GROUP, PERMISSION } from "../policy/model.ts";

/**
 * The group Default as it is while HealthTrack does not send it: everybody is in it, and it holds AccessWhisper. So a
 * practice that sends no groups at all has staff who can use Whisper.
 */
export const IMPLICIT_DEFAULT = {
  id: DEFAULT_GROUP,
  name: DEFAULT_GROUP,
  permissions: [PERMISSION.access],
  everyone: true,
} as const;
