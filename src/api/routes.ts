import type { ArrivalParts } from "../arrivals/parts.ts";
import type { Route } from "./kernel/route.ts";
import { type Alerts, alertRoutes } from "./routes/alerts.ts";
import { arrivalRoutes } from "./routes/arrivals.ts";
import { auditRoomRoutes } from "./routes/audit-rooms.ts";
import { bookingRoutes } from "./routes/bookings.ts";
import { type Conversations, conversationRoutes } from "./routes/conversations.ts";
import { directoryRoutes } from "./routes/directory.ts";
import { type HealthRouteParts, healthRoutes } from "./routes/health.ts";
import { type PatientLinkParts, patientLinkRoutes } from "./routes/patient-links.ts";
import { preferenceRoutes } from "./routes/preferences.ts";
import { type SignIn, signInRoutes } from "./routes/sign-in.ts";
import { type UserRouteParts, userRoutes } from "./routes/users.ts";

/** What the routes need of the rest of Whisper. The routes of a part that is not given are not served. */
export interface ApiParts extends UserRouteParts, HealthRouteParts, PatientLinkParts {
  readonly signIn?: SignIn;
  readonly conversations?: Conversations;
  readonly alerts?: Alerts;
  readonly bookings?: ArrivalParts;
}

/** Every route, in the order in which they are documented. */
export function apiRoutes(parts: ApiParts): Route[] {
  const { signIn, conversations, alerts, bookings } = parts;
  return [
    ...directoryRoutes(parts),
    ...userRoutes(parts),
    ...preferenceRoutes(parts),
    ...(signIn ? signInRoutes({ signIn }) : []),
    ...(bookings ? bookingRoutes(bookings) : []),
    ...arrivalRoutes(parts),
    ...patientLinkRoutes(parts),
    ...(conversations ? conversationRoutes({ ...parts, conversations }) : []),
    ...(alerts ? alertRoutes({ alerts }) : []),
    ...auditRoomRoutes(parts),
    ...healthRoutes(parts),
  ];
}
