import type { Logger } from "pino";
import { inParallel } from "../../base/in-parallel.ts";
import type { RoomId, Step } from "../../policy/model.ts";
import { MatrixRefused } from "../homeserver/homeserver.ts";
import { type RoomStepDependencies, refetchRoom } from "./room-steps.ts";

/**
 * How many people join in one run, so that filling a large room delays neither its other work nor other rooms. Removals
 * are never postponed.
 */
const JOINS_AT_ONCE = 10;

/**
 * Concurrent joins in one room. Synapse makes them one after another; while it makes one, Whisper records the previous
 * one and the next, so that Synapse never waits for that.
 */
const JOINS_SIDE_BY_SIDE = 2;

/**
 * The homeserver refuses the person, not the room: an administrator suspended the account (`M_USER_SUSPENDED`). Others
 * can join all the same.
 */
export const isAboutPerson = (error: unknown): error is MatrixRefused =>
  error instanceof MatrixRefused && error.errcode.startsWith("M_USER_");

/**
 * Carries out steps in order, as far as one run goes. Someone whom the homeserver refuses does not keep others out.
 * @returns whether steps are left for another run.
 * @throws after refetching the room if the homeserver refuses a step; for a refused person once everything else is done.
 */
export async function inOrder<Kind extends Step>(
  dependencies: RoomStepDependencies & { readonly log: Logger },
  room: RoomId,
  steps: readonly Kind[],
  carryOut: (step: Kind) => Promise<void>,
): Promise<boolean> {
  const refused: MatrixRefused[] = [];
  let joins = 0;
  let left = false;
  const carryOutOne = async (step: Kind) => {
    if (step.step !== "join") return carryOut(step);
    if (joins === JOINS_AT_ONCE) {
      left = true;
      return;
    }
    joins += 1;
    try {
      await carryOut(step);
    } catch (error) {
      if (!isAboutPerson(error)) throw error;
      refused.push(error);
      joins -= 1;
    }
  };
  for (const some of joinsTogether(steps)) {
    try {
      await inParallel(some, JOINS_SIDE_BY_SIDE, carryOutOne);
    } catch (error) {
      if (!(error instanceof MatrixRefused)) throw error;
      return giveUp(dependencies, room, error);
    }
    if (left) return true;
  }
  const [first] = refused;
  return first === undefined ? false : giveUp(dependencies, room, first);
}

async function giveUp(
  { database, homeserver, log }: RoomStepDependencies & { readonly log: Logger },
  room: RoomId,
  refusal: MatrixRefused,
): Promise<never> {
  log.warn({ err: refusal }, "a step in a room was refused; fetching the room again");
  await refetchRoom(database, homeserver, room);
  throw refusal;
}

/** One step at a time, except that consecutive joins go together. */
function joinsTogether<Kind extends Step>(steps: readonly Kind[]): Kind[][] {
  const together: Kind[][] = [];
  for (const step of steps) {
    const before = together.at(-1);
    if (step.step === "join" && before?.[0]?.step === "join") before.push(step);
    else together.push([step]);
  }
  return together;
}
