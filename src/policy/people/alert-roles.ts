/** Who may choose to be told of more than their own bookings. */

import type { PatientArrivedAlerts } from "../model.ts";
import { sameLocation } from "../names/locations.ts";

/** The roles that may choose each setting. Not set: everyone may. */
export interface AlertRoles {
  readonly location?: readonly string[] | undefined;
  readonly all?: readonly string[] | undefined;
}

/** The roles that may choose the setting; null: everyone may. */
export const rolesFor = (alerts: PatientArrivedAlerts, roles: AlertRoles): readonly string[] | null =>
  (alerts === "all" || alerts === "location" ? roles[alerts] : null) ?? null;

/** May someone with this role choose the setting? Roles are compared like locations. */
export function mayChooseAlerts(
  role: string | null,
  alerts: PatientArrivedAlerts,
  roles: AlertRoles,
): boolean {
  const allowed = rolesFor(alerts, roles);
  return allowed === null || (role !== null && allowed.some((each) => sameLocation(each, role)));
}
