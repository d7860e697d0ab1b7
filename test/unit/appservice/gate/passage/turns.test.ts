import { expect } from "chai";
import { type EndTurn, Turns } from "../../../../../src/appservice/gate/passage/turns.ts";

const never = new AbortController().signal;

describe("gate: turns", () => {
  const taken = async (turns: Turns, caller: string, signal = never): Promise<EndTurn> => {
    const end = await turns.take(caller, signal);
    if (end === null) throw new Error("turned away");
    return end;
  };

  it("are limited for each caller, whatever others have", async () => {
    const turns = new Turns(2, 0);
    const [first] = [await taken(turns, "ann"), await taken(turns, "ann")];
    expect(await turns.take("ann", never)).to.equal(null);
    await taken(turns, "bob");
    first();
    await taken(turns, "ann");
    expect(await turns.take("ann", never)).to.equal(null);
  });

  it("are waited for in order, up to a limit", async () => {
    const turns = new Turns(1, 2);
    const order: string[] = [];
    const running = await taken(turns, "ann");
    const waiting = ["second", "third"].map(async (name) => {
      const end = await taken(turns, "ann");
      order.push(name);
      end();
    });
    expect(await turns.take("ann", never)).to.equal(null);
    expect(order).to.deep.equal([]);
    running();
    await Promise.all(waiting);
    expect(order).to.deep.equal(["second", "third"]);
  });

  it("are returned once, however often that is called", async () => {
    const turns = new Turns(1, 0);
    const first = await taken(turns, "ann");
    first();
    const second = await taken(turns, "ann");
    first();
    expect(await turns.take("ann", never)).to.equal(null);
    second();
    await taken(turns, "ann");
  });

  it("are not given to a client that has gone", async () => {
    const turns = new Turns(1, 1);
    const running = await taken(turns, "ann");
    const gone = new AbortController();
    const waiting = turns.take("ann", gone.signal);
    gone.abort();
    expect(await waiting.catch((error: Error) => error.name)).to.equal("AbortError");
    const patient = turns.take("ann", never);
    running();
    const end = await patient;
    expect(await turns.take("ann", gone.signal).catch((error: Error) => error.name)).to.equal("AbortError");
    end?.();
    await taken(turns, "ann");
  });
});
