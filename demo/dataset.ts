import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { CarelatticeError } from '../src/errors.ts';
import { readBundle } from '../src/fhir/bundle.ts';
import { generatePatients } from '../src/fhir/generator/generatePatients.ts';
import { type PatientIdentifier, patientIdentifiers, patientName } from '../src/fhir/patient.ts';
import { splitByProvider } from '../src/fhir/providers.ts';

/** Who plays in the demo: patients, where each is enrolled, and the bundles that each hospital hands in. */
export interface DemoPatient {
  name: string;
  identifiers: PatientIdentifier[];
  hospitals: string[];
  bundles: { hospital: string; bundle: Bundle }[];
}
export interface Dataset {
  hospitals: string[];
  patients: DemoPatient[];
  /** Files that were no bundles of a patient, and why. */
  leftOut: string[];
  /** Organisations and practitioners that the bundles refer to. */
  directory?: Bundle;
}

const HOSPITALS = [
  'First Hospital',
  'City Clinic',
  'Bayside',
  'Lakeview',
  '仁和医院',
  'Hilltop Lab',
];
const more = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `Hospital ${i + HOSPITALS.length + 1}`);

export function generatedDataset(seed: string, patients: number, nodes: number): Dataset {
  const hospitals = [...HOSPITALS, ...more(Math.max(0, nodes - HOSPITALS.length))].slice(0, nodes);
  const generated = generatePatients({ seed, patients, hospitals }).map((patient) => ({
    name: patient.name,
    identifiers: [...patient.identifiers],
    hospitals: [...patient.hospitals],
    bundles: [...patient.bundles],
  }));
  return { hospitals, patients: withTwoHospitals(generated, hospitals), leftOut: [] };
}

/** The first patient is enrolled at two hospitals, so that there is somebody to deliver to. */
function withTwoHospitals(patients: DemoPatient[], hospitals: readonly string[]): DemoPatient[] {
  const [first] = patients;
  const other = hospitals.find((name) => !first?.hospitals.includes(name));
  if (first?.hospitals.length === 1 && other !== undefined) first.hospitals.push(other);
  return patients;
}

/** Reads a folder of FHIR bundles; one node per hospital name in them, or the `nodes` most frequent ones and one for the rest. */
export async function folderDataset(
  folder: string,
  nodes: number | undefined,
  tell: (text: string) => void,
): Promise<Dataset> {
  const files = (await list(folder)).filter((name) => name.endsWith('.json')).sort();
  const leftOut: string[] = [];
  const bundles: Bundle[] = [];
  const directories: Bundle[] = [];
  for (const [index, file] of files.entries()) {
    const reading = readBundle(await readFile(join(folder, file)));
    if (reading.kind === 'patient') bundles.push(reading.bundle);
    else if (reading.kind === 'directory') directories.push(reading.bundle);
    else leftOut.push(`${file}: ${reading.outcome.issue[0]?.diagnostics ?? 'not a bundle'}`);
    if (index % 10 === 9) tell(`read ${index + 1} of ${files.length} files`);
  }
  if (bundles.length === 0) {
    throw new CarelatticeError('NoBundles', 'the folder holds no FHIR bundle of a patient', {
      facts: { folder, files: files.length },
    });
  }
  const directory: Bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: directories.flatMap(({ entry = [] }) => entry),
  };
  const split = bundles.map((bundle) => ({
    bundle,
    parts: splitByProvider(bundle, { directory }),
  }));
  const renamed = hospitalNames(
    split.flatMap(({ parts }) => [...parts.keys()]),
    nodes,
  );
  const patients = split.map(({ bundle, parts }): DemoPatient => {
    const own = [...parts].map(([name, part]) => ({ hospital: renamed(name), bundle: part }));
    return {
      name: patientName(bundle),
      identifiers: patientIdentifiers(bundle),
      hospitals: [...new Set(own.map(({ hospital }) => hospital))],
      bundles: own,
    };
  });
  const hospitals = [...new Set(patients.flatMap((patient) => patient.hospitals))].sort();
  return { hospitals, patients, leftOut, directory };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw new CarelatticeError('NoFolder', 'the folder given with --fhir cannot be read', {
      facts: { folder },
      cause,
    });
  }
}

const REST = 'All other hospitals';

function hospitalNames(
  names: readonly string[],
  nodes: number | undefined,
): (name: string) => string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const byCount = [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .map(([name]) => name);
  // Bitmaps and rounds are laid out for 256 answering nodes; one process carries 48 well.
  const most = nodes ?? 48;
  if (byCount.length <= most) return (name) => name;
  const kept = new Set(byCount.slice(0, most - 1));
  return (name) => (kept.has(name) ? name : REST);
}
