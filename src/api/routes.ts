import type { ArrivalDependencies } from "../arrivals/dependencies.ts";
import type { AlertRoles } from "../policy/people/alert-roles.ts";
import type { Route } from "./kernel/route.ts";
import { alertRoutes } from "./routes/alerts.ts";
import { arrivalRoutes } from "./routes/arrivals.ts";
import { auditRecordRoutes, type RecordRouteDependencies } from "./routes/audit-record.ts";
import { auditRoomRoutes } from "./routes/audit-rooms.ts";
import { bookingRoutes } from "./routes/bookings.ts";
import { type ConversationRouteDependencies, conversationRoutes } from "./routes/conversations.ts";
import { directoryRoutes } from "./routes/directory.ts";
import { type HealthRouteDependencies, healthRoutes } from "./routes/health.ts";
import { type ObserveRouteDependencies, observeRoutes } from "./routes/observe.ts";
import { type PatientLinkRouteDependencies, patientLinkRoutes } from "./routes/patient-links.ts";
import { patientRoutes } from "./routes/patients.ts";
import { preferenceRoutes } from "./routes/preferences.ts";
import { type SignInRouteDependencies, signInRoutes } from "./routes/sign-in.ts";
import { type SignalRouteDependencies, signalRoutes } from "./routes/signals.ts";
import { type SmsRouteDependencies, smsRoutes } from "./routes/sms.ts";
import { smsPreviewRoute } from "./routes/sms-preview.ts";
import { type UserRouteDependencies, userRoutes } from "./routes/users.ts";

/** What the routes need from the rest of Whisper. */
export interface ApiDependencies
  extends UserRouteDependencies,
    HealthRouteDependencies,
    PatientLinkRouteDependencies,
    RecordRouteDependencies,
    SignalRouteDependencies,
    SignInRouteDependencies,
    SmsRouteDependencies,
    ConversationRouteDependencies {
  readonly observe: ObserveRouteDependencies;
  readonly bookings: ArrivalDependencies;
  /** Who may choose to be told of more arrivals than their own. */
  readonly alertRoles: AlertRoles;
}

/** Every route, in the order in which they are documented. */
export function apiRoutes(dependencies: ApiDependencies): Route[] {
  return [
    ...directoryRoutes(dependencies),
    ...userRoutes(dependencies),
    ...preferenceRoutes(dependencies),
    ...signInRoutes(dependencies),
    ...signalRoutes(dependencies),
    ...bookingRoutes(dependencies.bookings),
    ...arrivalRoutes(dependencies),
    ...patientRoutes(dependencies),
    ...patientLinkRoutes(dependencies),
    ...conversationRoutes(dependencies),
    ...alertRoutes(dependencies),
    ...smsRoutes(dependencies),
    smsPreviewRoute(dependencies),
    ...auditRoomRoutes(dependencies),
    ...auditRecordRoutes(dependencies),
    ...observeRoutes(dependencies.observe),
    ...healthRoutes(dependencies),
  ];
}
