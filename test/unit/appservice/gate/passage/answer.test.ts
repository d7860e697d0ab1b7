import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect } from "chai";
import type { Response } from "express";
import { whileWanted } from "../../../../../src/appservice/gate/passage/answer.ts";

describe("gate: whether the client still waits for an answer", () => {
  const unanswered = () => new ServerResponse(new IncomingMessage(new Socket())) as Response;

  it("is known when the client disconnects", () => {
    const response = unanswered();
    const wanted = whileWanted(response);
    expect(wanted.aborted).to.equal(false);
    response.emit("close");
    expect(wanted.aborted).to.equal(true);
  });

  it("is known if the client disconnected before", () => {
    const response = unanswered();
    response.destroy();
    expect(whileWanted(response).aborted).to.equal(true);
  });
});
