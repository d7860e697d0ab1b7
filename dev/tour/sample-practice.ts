/**
 * A practice for demonstrations: the body of `PUT /api/v1/directory`. Everyone in it is fictional. ACMA reserves these
 * mobile numbers for fiction, so no SMS can reach a stranger; RFC 2606 reserves the mail domain.
 */

export interface SampleUser {
  readonly username: string;
  readonly name: string;
  readonly role: string;
  readonly email: string;
  readonly mobile: string;
  readonly doctor: boolean;
  /** Other ids for them in HealthTrack's bookings. */
  readonly doctor_ids: readonly string[];
  readonly locations: readonly string[];
  readonly permissions: readonly string[];
}

export interface SampleGroup {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly members: readonly string[];
}

const WATTLE = "Wattle Street";
const HARBOUR = "Harbour Road";

type Extra = Partial<Pick<SampleUser, "doctor" | "doctor_ids" | "permissions">>;

function person(
  username: string,
  name: string,
  role: string,
  mobile: string,
  locations: readonly string[],
  extra: Extra = {},
): SampleUser {
  const email = `${username}@wattlestreet.example`;
  return {
    username,
    name,
    role,
    email,
    mobile,
    locations,
    doctor: false,
    doctor_ids: [],
    permissions: [],
    ...extra,
  };
}

const users: readonly SampleUser[] = [
  person("dr.nair", "Dr Priya Nair", "General practitioner", "0491 570 006", [WATTLE], {
    doctor: true,
    doctor_ids: ["MO-1"],
  }),
  person("dr.okafor", "Dr Tom Okafor", "General practitioner", "0491 570 156", [WATTLE], { doctor: true }),
  person("dr.papadakis", "Dr Helen Papadakis", "General practitioner", "0491 570 157", [HARBOUR], {
    doctor: true,
  }),
  person("dr.zhang", "Dr Liam Zhang", "GP registrar", "0491 570 158", [WATTLE, HARBOUR], { doctor: true }),
  person("dr.solberg", "Dr Ingrid Solberg", "Visiting cardiologist", "0491 570 159", [WATTLE], {
    doctor: true,
  }),
  person("ruby", "Ruby Tran", "Practice nurse", "0491 570 110", [WATTLE]),
  person("jack", "Jack Murray", "Practice nurse", "0491 571 266", [HARBOUR]),
  person("aroha", "Aroha Ngata", "Immunisation nurse", "0491 571 491", [WATTLE, HARBOUR]),
  person("mia", "Mia Kowalski", "Receptionist", "0491 571 804", [WATTLE]),
  person("noah", "Noah Williams", "Receptionist", "0491 572 549", [WATTLE]),
  person("sophie", "Sophie Laurent", "Receptionist", "0491 572 665", [HARBOUR]),
  person("grace", "Grace Lindqvist", "Practice manager", "0491 572 983", [WATTLE, HARBOUR]),
  person("daniel", "Daniel Abbott", "Assistant practice manager", "0491 573 770", [HARBOUR]),
  person("ben", "Ben Adler", "HealthTrack administrator", "0491 573 087", [WATTLE], {
    permissions: ["WhisperAdmin"],
  }),
];

const group = (id: string, permissions: readonly string[], members: readonly string[]): SampleGroup => ({
  id,
  name: id,
  permissions,
  members,
});

export const SAMPLE_PRACTICE: {
  readonly users: readonly SampleUser[];
  readonly security_groups: readonly SampleGroup[];
} = {
  users,
  security_groups: [
    group(
      "Default",
      ["AccessWhisper"],
      users.map((each) => each.username),
    ),
    group("HMS-Administrator", [], ["ben"]),
    group("Doctors", [], ["dr.nair", "dr.okafor", "dr.papadakis", "dr.zhang", "dr.solberg"]),
    group("Nurses", [], ["ruby", "jack", "aroha"]),
    group("Reception", [], ["mia", "noah", "sophie"]),
    group("Managers", [], ["grace", "daniel"]),
  ],
};

/** Every demo account's password. The demo listens only on this machine. */
export const DEMO_PASSWORD = "wattle-street-demo";
