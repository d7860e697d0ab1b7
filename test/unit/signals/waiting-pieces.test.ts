import { expect } from "chai";
import { untilEnded, WaitingPieces } from "../../../src/signals/waiting-pieces.ts";

const IDLE = { ms: 60_000, piece: () => "" };

describe("pieces that wait for a reader", () => {
  it("are let go once, when the reader goes away", async () => {
    const gone = new AbortController();
    const pieces = new WaitingPieces(10);
    let ended = 0;
    pieces.add("one");
    const read: string[] = [];
    for await (const piece of untilEnded(pieces.read(IDLE, gone.signal), gone.signal, () => ended++)) {
      read.push(piece);
      gone.abort();
    }
    expect(read).to.deep.equal(["one"]);
    expect(ended).to.equal(1);
  });

  it("are let go when they end by themselves", async () => {
    const gone = new AbortController();
    const pieces = new WaitingPieces(10);
    let ended = 0;
    pieces.end("last");
    for await (const piece of untilEnded(pieces.read(IDLE, gone.signal), gone.signal, () => ended++))
      expect(piece).to.equal("last");
    gone.abort();
    expect(ended).to.equal(1);
  });

  it("are let go for a reader that never began to read, such as that of a HEAD request", () => {
    const gone = new AbortController();
    let ended = 0;
    untilEnded(new WaitingPieces(10).read(IDLE, gone.signal), gone.signal, () => ended++);
    gone.abort();
    expect(ended).to.equal(1);
  });

  it("are let go at once for one that is gone already", () => {
    let ended = 0;
    untilEnded(new WaitingPieces(10).read(IDLE, AbortSignal.abort()), AbortSignal.abort(), () => ended++);
    expect(ended).to.equal(1);
  });
});
