/** An arrival as the API shows it. */

import { z } from "zod";
import { ARRIVAL_STATES, type Arrival, type Notice, stateOf } from "./arrival.ts";

const RECIPIENT_STATES = ["waiting", "acknowledged", "replied", "retracted", "undeliverable"] as const;

export const recipientSchema = z
  .strictObject({
    username: z.string(),
    state: z.enum(RECIPIENT_STATES),
    reason: z.string().optional().describe("why it was taken back, or could not be delivered"),
  })
  .meta({ id: "ArrivalRecipient" });

export const arrivalInBookingSchema = z
  .strictObject({ id: z.string(), state: z.enum(ARRIVAL_STATES), recipients: z.array(recipientSchema) })
  .meta({ id: "BookingArrival" });

export type ShownArrival = z.input<typeof arrivalInBookingSchema>;

export const shownArrival = (arrival: Arrival): ShownArrival => ({
  id: arrival.id,
  state: stateOf(arrival),
  recipients: arrival.notices.map(shownNotice),
});

const shownNotice = ({ username, progress }: Notice): z.input<typeof recipientSchema> => ({
  username,
  state: progress.state,
  ...("reason" in progress ? { reason: progress.reason } : {}),
});
