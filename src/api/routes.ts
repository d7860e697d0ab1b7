import type { ArrivalDependencies } from "../arrivals/dependencies.ts";
import type { Route } from "./kernel/route.ts";
import { type Alerts, alertRoutes } from "./routes/alerts.ts";
import { arrivalRoutes } from "./routes/arrivals.ts";
import { auditRoomRoutes } from "./routes/audit-rooms.ts";
import { bookingRoutes } from "./routes/bookings.ts";
import { type Conversations, conversationRoutes } from "./routes/conversations.ts";
import { directoryRoutes } from "./routes/directory.ts";
import { type HealthRouteDependencies, healthRoutes } from "./routes/health.ts";
import { type PatientLinkRouteDependencies, patientLinkRoutes } from "./routes/patient-links.ts";
import { preferenceRoutes } from "./routes/preferences.ts";
import { type SignIn, signInRoutes } from "./routes/sign-in.ts";
import { type UserRouteDependencies, userRoutes } from "./routes/users.ts";

/** What the routes need of the rest of Whisper. The routes of a part that is not given are not served. */
export interface ApiDependencies
  extends UserRouteDependencies,
    HealthRouteDependencies,
    PatientLinkRouteDependencies {
  readonly signIn?: SignIn;
  readonly conversations?: Conversations;
  readonly alerts?: Alerts;
  readonly bookings?: ArrivalDependencies;
}

/** Every route, in the order in which they are documented. */
export function apiRoutes(dependencies: ApiDependencies): Route[] {
  const { signIn, conversations, alerts, bookings } = dependencies;
  return [
    ...directoryRoutes(dependencies),
    ...userRoutes(dependencies),
    ...preferenceRoutes(dependencies),
    ...(signIn ? signInRoutes({ signIn }) : []),
    ...(bookings ? bookingRoutes(bookings) : []),
    ...arrivalRoutes(dependencies),
    ...patientLinkRoutes(dependencies),
    ...(conversations ? conversationRoutes({ ...dependencies, conversations }) : []),
    ...(alerts ? alertRoutes({ alerts }) : []),
    ...auditRoomRoutes(dependencies),
    ...healthRoutes(dependencies),
  ];
}
