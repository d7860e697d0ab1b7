/** Ports for the stack's servers. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

export interface Ports {
  /** Where clients connect: Whisper's read gate in front of Synapse. */
  readonly gate: number;
  readonly synapse: number;
  readonly whisper: number;
  readonly postgres: number;
}

export const FIXED_PORTS: Ports = { gate: 8008, synapse: 8009, whisper: 9000, postgres: 9001 };

export async function choosePorts(kind: "fixed" | "auto"): Promise<Ports> {
  if (kind === "auto") {
    // All four are held open at the same time, so none is handed out twice.
    const held = await Promise.all(Array.from({ length: 4 }, holdAny));
    const [gate, synapse, whisper, postgres] = held.map((each) => each.port);
    await Promise.all(held.map((each) => each.release()));
    if (gate === undefined || synapse === undefined || whisper === undefined || postgres === undefined) {
      throw new Error("could not find four free ports");
    }
    return { gate, synapse, whisper, postgres };
  }
  for (const port of Object.values(FIXED_PORTS)) {
    try {
      await (await hold(port)).release();
    } catch {
      throw new Error(`Port ${port} is in use by another program. Stop that program, or add --ports auto.`);
    }
  }
  return FIXED_PORTS;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const held = await holdAny();
  await held.release();
  return held.port;
}

interface Held {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/**
 * Below the ports that Linux, macOS and Windows give to outgoing connections (from 32768 or above): Synapse listens
 * seconds after its port was chosen, and any connection of the machine could have got that one meanwhile.
 */
export const OWN_PORTS = { from: 20_000, to: 32_000 };

async function holdAny(): Promise<Held> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await hold(randomInt(OWN_PORTS.from, OWN_PORTS.to));
    } catch (error) {
      // Some other program listens there.
      if (tries === 100) throw error;
    }
  }
}

function hold(port: number): Promise<Held> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") return reject(new Error("no port was given"));
      resolve({ port: address.port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}
