import { readFile } from 'node:fs/promises';
import { CarelatticeError } from '../../errors.ts';
import { readBundle } from '../../fhir/bundle.ts';
import { generatePatients } from '../../fhir/generator/generatePatients.ts';
import { fhirRejected } from '../../fhir/outcome.ts';
import { type PatientIdentifier, patientIdentifiers, patientName } from '../../fhir/patient.ts';
import { utf8 } from '../../hash/bytes.ts';

/** Where a FHIR bundle about a patient comes from: a file, or the generator's patient of a seed. */
export interface BundleSource {
  readonly file?: string | undefined;
  readonly sample?: string | undefined;
}

export interface PatientBundle {
  readonly bytes: Uint8Array;
  /** As people read it. */
  readonly name: string;
  readonly identifiers: readonly PatientIdentifier[];
}

/** @throws `NoBundle`, `FhirRejected` */
export async function readPatientBundle({ file, sample }: BundleSource): Promise<PatientBundle> {
  if ((file === undefined) === (sample === undefined)) throw noBundle('name one of the two');
  const bytes = file === undefined ? sampleBytes(sample ?? '') : await bytesOf(file);
  const reading = readBundle(bytes);
  if (reading.kind !== 'patient') {
    if ('outcome' in reading) throw fhirRejected(reading.outcome.issue);
    throw noBundle('it has no Patient');
  }
  const { bundle } = reading;
  return { bytes, name: patientName(bundle), identifiers: patientIdentifiers(bundle) };
}

function sampleBytes(seed: string): Uint8Array {
  const [patient] = generatePatients({ seed, patients: 1, hospitals: ['Sample Hospital'] });
  return utf8(JSON.stringify(patient?.bundles[0]?.bundle));
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw noBundle(`${file} cannot be read`, cause);
  }
}

const noBundle = (reason: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('NoBundle', 'give a file with a FHIR bundle, or --sample SEED', {
    facts: { reason },
    cause,
  });
