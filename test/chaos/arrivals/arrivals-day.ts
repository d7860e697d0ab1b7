import { mustCallApi } from "../../../dev/clients/api.ts";
import { settled } from "../../support/stack/settled.ts";
import { freshStack } from "../../support/stack/stack.ts";
import { hire, roomOfKind } from "../../support/stack/staff.ts";
import { killAgainAndAgain } from "../killer.ts";
import type { Findings, Scenario, ScenarioOptions } from "../scenario.ts";
import { ANSWER, DOCTORS, livesOf, MARKER } from "./arrival-lives.ts";
import { STRANGER, WATCHER } from "./arrival-model.ts";
import { Day } from "./day.ts";
import { wrongArrivals, wrongRooms, wrongWords } from "./day-compared.ts";
import { Desk } from "./desk.ts";

export const arrivalsDay: Scenario = {
  name: "arrivals-day",
  summary: "a day of bookings with random changes and answers, and Whisper killed again and again on the way",
  run,
};

async function run({ smoke, say }: ScenarioOptions): Promise<Findings> {
  const bookings = Number(process.env.CHAOS_BOOKINGS ?? (smoke ? 100 : 2_000));
  const kills = smoke ? 2 : 20;
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
  say(`at least ${bookings} bookings, ${kills} kills, CHAOS_SEED=${seed}`);
  const lives = livesOf(bookings, seed);
  const stack = await freshStack({
    env: {
      WHISPER_ARRIVALS__QUICK_REPLIES: JSON.stringify([{ key: "⏳", text: ANSWER }]),
      WHISPER_LOG__LEVEL: "error",
    },
  });
  try {
    const desks = new Map<string, Desk>();
    await hire(stack, MARKER, {}, { withoutSync: true, pastTheGate: true });
    for (const doctor of DOCTORS) {
      const person = await hire(stack, doctor, { doctor: true }, { pastTheGate: true });
      await roomOfKind(person, "arrivals");
      desks.set(doctor, new Desk(person));
    }
    const nurse = await hire(stack, WATCHER, {}, { pastTheGate: true });
    await mustCallApi(stack, "PATCH", `/api/v1/users/${WATCHER}/preferences`, {
      patient_arrived_alerts: "all",
    });
    await roomOfKind(nurse, "arrivals");
    desks.set(WATCHER, new Desk(nurse));
    await settled(stack);

    const day = new Day(stack, desks, lives);
    const started = Date.now();
    const killed = killAgainAndAgain(stack, day, kills, () => stack.killWhisper(), say);
    await day.live();
    await killed;
    await settled(stack, { ms: 600_000 });
    const seconds = (Date.now() - started) / 1_000;
    say("looking at every arrival and every room");
    const faults = [
      ...day.faults,
      ...(await wrongArrivals(stack, day)),
      ...(await wrongRooms(day)),
      ...(await wrongWords(stack, day)),
    ];
    const visits = day.models.flatMap((model) => model.visits);
    return {
      rows: [
        ["patients", lives.length],
        ["bookings", lives.reduce((sum, each) => sum + each.bookings, 0)],
        ["changes sent by HealthTrack", day.puts],
        ["clicks", day.clicks],
        ["arrivals", visits.length],
        ["arrivals of several bookings", visits.filter(({ bookings }) => bookings.size > 1).length],
        ["arrivals that went to another doctor", visits.filter(({ told }) => told.size > 2).length],
        ["arrivals for a doctor who cannot be told", visits.filter(({ told }) => told.has(STRANGER)).length],
        ["times Whisper was killed", kills],
        ["seconds", Math.round(seconds)],
        ["not as it should be", faults.length],
        ["seed", seed],
      ],
      faults,
    };
  } finally {
    await stack.stop();
  }
}
