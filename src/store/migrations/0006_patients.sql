-- patients: records that were merged, and what was said about whom ---------------------------------------------------------

-- HealthTrack merged a patient's record into another, which may have been merged since. Never a circle.
CREATE TABLE merged_patients (
  patient_id text PRIMARY KEY,
  into_id    text NOT NULL,
  merged_at  timestamptz NOT NULL DEFAULT now(),
  CHECK (patient_id <> into_id)
);
CREATE INDEX merged_patients_by_result ON merged_patients (into_id);

-- A merge moves the bookings of a patient.
CREATE INDEX bookings_by_patient ON bookings (patient_id);
