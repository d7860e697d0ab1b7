/** Plays through a morning at the sample practice with real clients. Fails if anything expected does not happen. */

import { setTimeout as delay } from "node:timers/promises";
import type { MatrixEvent, Room } from "matrix-js-sdk";
import { messageOf } from "../base/processes.ts";
import { mustCallApi } from "../clients/api.ts";
import { Person } from "../clients/person.ts";
import { ARRIVAL, bodyOf, conversationOf } from "../clients/room-events.ts";
import type { TwilioStandIn } from "../clients/twilio-stand-in.ts";
import type { Stack } from "../stack/stack.ts";
import { DEMO_PASSWORD, SAMPLE_PRACTICE } from "./sample-practice.ts";
import { Transcript } from "./transcript.ts";

const MIA = "mia";
const DOCTOR = "dr.nair";
const NURSE = "ruby";
/** The first rooms appear once everyone's have been created, which takes as long as the machine needs. */
const MOVING_IN_MS = 120_000;

/** Sends the sample practice as HealthTrack would, and gives every account the demo password. */
export async function moveIn(stack: Stack, say: (detail: string) => void): Promise<void> {
  await mustCallApi(stack, "PUT", "/api/v1/directory", SAMPLE_PRACTICE);
  for (const [index, { username, name }] of SAMPLE_PRACTICE.users.entries()) {
    say(`account ${index + 1} of ${SAMPLE_PRACTICE.users.length}: ${name}`);
    await givePassword(stack, username);
  }
}

/** Accounts are created shortly after the directory's answer, and no client is signed in yet that could report them. */
async function givePassword(stack: Stack, username: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await stack.setPassword(username, DEMO_PASSWORD);
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${username} has no account: ${messageOf(error)}`);
      await delay(100);
    }
  }
}

/** @param twilio where SMS go; without one, no SMS is part of the tour. */
export async function tour(stack: Stack, twilio?: TwilioStandIn): Promise<void> {
  const transcript = new Transcript();
  const people = await signInAll(stack, [MIA, DOCTOR, NURSE]);
  try {
    await seeTheRooms(people, transcript);
    const chat = await startConversation(stack, people, transcript);
    await answerArrival(stack, people, chat, transcript);
    if (twilio !== undefined) await sendSms(people, chat, twilio, transcript);
  } finally {
    for (const each of people.values()) each.stop();
  }
}

type People = ReadonlyMap<string, Person>;

async function signInAll(stack: Stack, usernames: readonly string[]): Promise<People> {
  const people = new Map<string, Person>();
  try {
    for (const username of usernames) {
      const credentials = { user: stack.userId(username), password: DEMO_PASSWORD };
      const person = await Person.signIn(stack.homeserver, credentials, { deviceName: "Tour" }).catch(
        (error: unknown) => {
          throw new Error(`${nameOf(username)} cannot sign in at ${stack.homeserver}: ${messageOf(error)}`);
        },
      );
      people.set(username, person);
    }
  } catch (error) {
    for (const each of people.values()) each.stop();
    throw error;
  }
  return people;
}

async function seeTheRooms(people: People, transcript: Transcript): Promise<void> {
  transcript.scene("Everyone finds their rooms, without accepting any invitation");
  for (const [username, person] of people) {
    const group = groupOf(username);
    const alerts = await person.waitForRoom("the alerts room", isKind("alerts"), MOVING_IN_MS);
    const groupRoom = await person.waitForRoom(
      `the room of ${group}`,
      (room) => conversationOf(room)?.kind === "group" && room.name.includes(group),
      MOVING_IN_MS,
    );
    transcript.does(nameOf(username), `has ${quoted(alerts)} and ${quoted(groupRoom)}`);
  }
}

/** Returns the room of Mia's individual conversation with the doctor. */
async function startConversation(stack: Stack, people: People, transcript: Transcript): Promise<Room> {
  transcript.scene("Mia starts a conversation with Dr Nair");
  const mia = member(people, MIA);
  const doctor = member(people, DOCTOR);
  const found = await mia.searchPeople("nair");
  const hit = found.find((each) => each.userId === stack.userId(DOCTOR));
  if (hit === undefined)
    throw new Error(`Searching for "nair" did not find the doctor: ${JSON.stringify(found)}`);
  transcript.does(nameOf(MIA), `searches for "nair" and finds ${hit.name}`);

  const since = Date.now();
  const question = "Good morning! Mrs Alder rang, may I book her in at 11:40?";
  await mia.createDirect(hit.userId, question);
  transcript.does(nameOf(MIA), "opens a direct chat and writes immediately");

  // On a second tour the two already have a conversation: the new chat leads there, and its message is repeated there.
  const received = await hears(
    doctor,
    question,
    since,
    (room) => conversationOf(room)?.kind === "individual",
  );
  const room = await doctor.waitForRoom(
    "the individual conversation with Mia",
    (each) => each.roomId === received.getRoomId(),
  );
  showRoom(transcript, nameOf(DOCTOR), room, [received]);

  const answer = "Yes please, and ask her to bring the pathology results.";
  await doctor.sendText(room.roomId, answer);
  const answered = await hears(mia, answer, since, ({ roomId }) => roomId === room.roomId);
  const miasRoom = await mia.waitForRoom("her conversation", (each) => each.roomId === room.roomId);
  showRoom(transcript, nameOf(MIA), miasRoom, [answered]);
  return miasRoom;
}

async function answerArrival(
  stack: Stack,
  people: People,
  chat: Room,
  transcript: Transcript,
): Promise<void> {
  transcript.scene("A patient arrives");
  const mia = member(people, MIA);
  const doctor = member(people, DOCTOR);
  const now = new Date();
  const bookingId = `tour-${now.getTime()}`;
  await mustCallApi(stack, "PUT", `/api/v1/bookings/${bookingId}`, {
    status: "arrived",
    patient_id: "48213",
    patient_name: "Juniper Alder",
    doctor: DOCTOR,
    location: "Wattle Street",
    appointment_at: now.toISOString(),
    changed_by: MIA,
    changed_at: now.toISOString(),
  });
  transcript.does(nameOf(MIA), "marks the booking as Arrived in HealthTrack");

  const notice = await doctor.waitForEvent("the arrival's notice", (event) => bookingOf(event) === bookingId);
  const noticeId = idOf(notice);
  const arrivals = await doctor.waitForRoom(
    "the arrivals room",
    (room) => room.roomId === notice.getRoomId(),
  );
  await doctor.waitForReaction(noticeId, "✅");
  await doctor.waitForReaction(noticeId, "↩️");
  showRoom(transcript, nameOf(DOCTOR), arrivals, [notice]);
  transcript.sees(nameOf(DOCTOR), arrivals.name, ["two buttons under it: ✅ ↩️"]);

  const text = "Thanks, five more minutes. Please offer her some water.";
  await replyThroughNotice(doctor, arrivals.roomId, notice, text);
  transcript.does(nameOf(DOCTOR), `clicks ↩️ and writes "${text}"`);
  const passedOn = await hears(mia, text, now.getTime(), ({ roomId }) => roomId === chat.roomId);
  showRoom(transcript, nameOf(MIA), chat, [passedOn]);

  await doctor.react(arrivals.roomId, noticeId, "✅");
  transcript.does(nameOf(DOCTOR), "clicks ✅");
  await doctor.waitForRedaction(noticeId);
  transcript.does(nameOf(DOCTOR), "sees the notice disappear; the record of it stays");
}

async function sendSms(
  people: People,
  chat: Room,
  twilio: TwilioStandIn,
  transcript: Transcript,
): Promise<void> {
  transcript.scene("A message goes out as an SMS, and the reply comes back");
  const mia = member(people, MIA);
  const doctor = member(people, DOCTOR);
  const since = Date.now();
  const text = "Your next patient is early. #sms";
  const message = await mia.sendText(chat.roomId, text);
  transcript.does(nameOf(MIA), `writes "${text}"`);
  await mia.waitForReaction(message, "📱");
  await mia.waitForReaction(message, "✅");
  const sent = twilio.sent.at(-1);
  if (sent === undefined) throw new Error("no SMS was sent");
  transcript.sees(nameOf(DOCTOR), `their phone, ${sent.to}`, sent.body.split("\n"));
  transcript.sees(nameOf(MIA), chat.name, ["📱 ✅ under the message: it went out, and the phone has it"]);
  const reply = "I am in the car park.";
  await twilio.incoming(sent.to, reply);
  transcript.does(nameOf(DOCTOR), `replies by SMS "${reply}"`);
  const heard = await hears(mia, reply, since, ({ roomId }) => roomId === chat.roomId);
  await hears(doctor, reply, since, ({ roomId }) => roomId === chat.roomId);
  showRoom(transcript, nameOf(MIA), chat, [heard]);
}

/** Waits for a message of this tour: an earlier tour on the same state sent the same text. `since` in milliseconds. */
function hears(
  person: Person,
  text: string,
  since: number,
  where: (room: Room) => boolean,
): Promise<MatrixEvent> {
  return person.waitForEvent(`the message "${text}"`, (event) => {
    const room = person.client.getRoom(event.getRoomId());
    return bodyOf(event).includes(text) && event.getTs() >= since && room !== null && where(room);
  });
}

/** ↩️ makes Whisper open a thread under the notice, and Whisper passes on what is written there. */
async function replyThroughNotice(doctor: Person, roomId: string, notice: MatrixEvent, text: string) {
  const noticeId = idOf(notice);
  await doctor.react(roomId, noticeId, "↩️");
  await doctor.waitForEvent(
    "Whisper's invitation to write in the thread",
    (event) => event.getRelation()?.event_id === noticeId && event.getRelation()?.rel_type === "m.thread",
  );
  await doctor.replyInThread(notice, text);
}

function isKind(kind: string) {
  return (room: Room) => conversationOf(room)?.kind === kind;
}

function bookingOf(event: MatrixEvent): unknown {
  const arrival: unknown = event.getContent()[ARRIVAL];
  return typeof arrival === "object" && arrival !== null && "booking_id" in arrival
    ? arrival.booking_id
    : undefined;
}

function showRoom(transcript: Transcript, who: string, room: Room, events: readonly MatrixEvent[]): void {
  const lines = events.flatMap((event) => {
    const sender = room.getMember(event.getSender() ?? "")?.name ?? event.getSender() ?? "?";
    return bodyOf(event)
      .split("\n")
      .map((line, index) => (index === 0 ? `${sender}: ${line}` : `  ${line}`));
  });
  transcript.sees(who, room.name, lines);
}

function member(people: People, username: string): Person {
  const person = people.get(username);
  if (person === undefined) throw new Error(`${username} is not part of the tour`);
  return person;
}

function nameOf(username: string): string {
  return SAMPLE_PRACTICE.users.find((user) => user.username === username)?.name ?? username;
}

/** The security group that shows someone's role in the sample practice. */
function groupOf(username: string): string {
  const everyday = SAMPLE_PRACTICE.security_groups.filter(({ id }) => id !== "Default");
  return everyday.find((group) => group.members.includes(username))?.name ?? "Default";
}

function quoted(room: Room): string {
  return `“${room.name}”`;
}

function idOf(event: MatrixEvent): string {
  const id = event.getId();
  if (id === undefined) throw new Error("an event without an id");
  return id;
}
