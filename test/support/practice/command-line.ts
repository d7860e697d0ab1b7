import { commandsOf } from "../../../src/commands/commands.ts";
import { commandEvents } from "../../../src/commands/events.ts";
import { editConversation } from "../../../src/conversations/groups/edit.ts";
import { openConversation } from "../../../src/conversations/open.ts";
import { directoryChanged } from "../../../src/conversations/record/queue-checks.ts";
import type { RoomId } from "../../../src/policy/model.ts";
import { actingAs } from "../../../src/record/acting.ts";
import { type House, id, openHouse } from "./conversations.ts";
import { RECORD } from "./record-keys.ts";

/** People who write commands in their control rooms, and what Whisper answers. */
export interface CommandLine {
  readonly house: House;
  /** Who asked for the history of arrivals. */
  readonly toggled: string[];
  /** The audits that were asked for. */
  readonly audits: object[];
  control(username: string): RoomId;
  answers(username: string): Promise<Array<Awaited<ReturnType<House["sent"]>>[number]["content"]>>;
  /** Writes to Whisper and gives its answer. */
  ask(username: string, body: string, more?: object): Promise<string>;
}

export async function openCommandLine(): Promise<CommandLine> {
  const rooms = new Map<string, RoomId>();
  const toggled: string[] = [];
  const audits: object[] = [];
  const house = await openHouse((dependencies) => [
    commandEvents({
      ...dependencies,
      commands: commandsOf({
        open: (tx, request) => openConversation(dependencies, tx, request),
        edit: (tx, group, request) => editConversation(dependencies, tx, group, request),
        changes: (actor) => ({
          record: actingAs(RECORD, actor),
          changed: directoryChanged,
          problems: async () => undefined,
        }),
        alertRoles: { all: ["Practice manager"] },
        toggleArrivals: async (_, username) => void toggled.push(username),
        showTime: (at) => at.toISOString().slice(11, 16),
        startAudit: async (_, asked) => void audits.push(asked),
      }),
    }),
  ]);
  await house.staff({
    users: [
      {
        username: "anna",
        name: "Dr Anna Jones",
        role: "GP",
        email: "anna@practice.test",
        mobile: "0400 000 001",
        doctor: true,
      },
      { username: "ben", name: "Ben Okafor", locations: ["North", "South"] },
      { username: "cara", name: "Cara Li" },
      { username: "cara.2", name: "Cara Li" },
      { username: "boss", name: "The Boss", permissions: ["AccessWhisper", "WhisperAdmin"] },
      { username: "gone", name: "Gone Away", active: false },
      { username: "dr.nair", name: "Dr Priya Nair", role: "General practitioner, skin and eyes" },
      { username: "mr.nair", name: "Mr Arjun Nair" },
      { username: "sean", name: "Seán O'Brien-Łukasz" },
    ],
    groups: {
      Doctors: ["anna"],
      Nurses: ["ben", "cara"],
      "HMS-Administrator": ["boss"],
      "Ward “A” 🏥": ["ben"],
    },
  });
  for (const username of ["anna", "ben", "boss"]) {
    await house.database.query(
      "INSERT INTO conversations (kind, natural_key, username) VALUES ('control', 'control:' || $1::text, $1)",
      [username],
    );
    rooms.set(username, await house.giveRoom((await house.controlOf(username)) as never, [id(username)]));
  }
  const control = (username: string): RoomId => rooms.get(username) ?? ("!none" as RoomId);
  const answers = async (username: string) =>
    (await house.sent(await house.controlOf(username))).map((send) => send.content);
  return {
    house,
    toggled,
    audits,
    control,
    answers,
    ask: async (username, body, more = {}) => {
      const before = (await answers(username)).length;
      const content = { msgtype: "m.text", body, ...more };
      await house.event({ room: control(username), sender: id(username), type: "m.room.message", content });
      return (await answers(username))
        .slice(before)
        .map((answer) => answer.body)
        .join("\n---\n");
    },
  };
}
