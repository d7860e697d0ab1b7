/** People of the shared stack whose clients make rooms at Synapse itself, past the front door. */
import type { Person } from "../../../dev/clients/person.ts";
import type { TestStack } from "./stack.ts";
import { hire, roomOfKind, unique } from "./staff.ts";

/** At Synapse's own address: the front door would open the conversation itself. */
export const hirePastTheDoor = (stack: TestStack, username: string): Promise<Person> =>
  hire(stack, username, {}, { pastTheGate: true });

export interface RoomMakers {
  readonly anna: string;
  readonly ben: string;
  readonly cara: string;
  readonly annaAt: Person;
  readonly benAt: Person;
  readonly caraAt: Person;
  /** Anna's control room. */
  readonly control: string;
}

export async function roomMakers(stack: TestStack): Promise<RoomMakers> {
  const [anna, ben, cara] = [unique("anna"), unique("ben"), unique("cara")];
  const annaAt = await hirePastTheDoor(stack, anna);
  const benAt = await hirePastTheDoor(stack, ben);
  const caraAt = await hirePastTheDoor(stack, cara);
  const control = (await roomOfKind(annaAt, "control")).roomId;
  return { anna, ben, cara, annaAt, benAt, caraAt, control };
}
