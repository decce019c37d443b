import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { distanceOf, figure, jsonLine } from '../bench/figures.ts';
import {
  baselinePath,
  gasFaults,
  gasSavings,
  readBaseline,
  writeBaseline,
} from '../bench/gasBaseline.ts';
import { benchOptions, PARTS } from '../bench/options.ts';
import { hasCode } from '../src/errors.ts';

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return hasCode(error, 'BadGoal') ||
      hasCode(error, 'FigureTwice') ||
      hasCode(error, 'UnknownOption')
      ? error.code
      : String(error);
  }
};

describe('the committed gas table', () => {
  const before = { seal: { gas: 100_000, newSlots: 0 }, open: { gas: 50_000, newSlots: 1 } };
  const seal = (gas: number, newSlots = 0) =>
    gasFaults(before, { ...before, seal: { gas, newSlots } });

  it('passes what costs the same, or less', () => {
    expect(gasFaults(before, before)).to.deep.equal([]);
    expect(seal(90_000)).to.deep.equal([]);
  });

  it('passes growth of one per cent and fails growth beyond it', () => {
    expect(seal(101_000)).to.deep.equal([]);
    expect(seal(101_001)).to.have.length(1);
    expect(seal(101_001)[0]).to.contain('seal').and.to.contain('100000');
  });

  it('fails a new storage slot, whatever the gas', () => {
    expect(seal(90_000, 1)).to.have.length(1);
  });

  it('fails a transaction over 2^24 gas even where the table has it', () => {
    const huge = { seal: { gas: 2 ** 24 + 1, newSlots: 0 } };
    expect(gasFaults(huge, huge)).to.have.length(1);
    const most = { seal: { gas: 2 ** 24, newSlots: 0 } };
    expect(gasFaults(most, most)).to.deep.equal([]);
  });

  it('fails an operation that it does not have, and one that was not measured', () => {
    expect(gasFaults(before, { ...before, late: { gas: 1, newSlots: 0 } })).to.have.length(1);
    expect(gasFaults(before, { seal: before.seal })).to.have.length(1);
  });

  it('tells of gains that it should keep', () => {
    expect(gasSavings(before, { ...before, seal: { gas: 98_999, newSlots: 0 } })).to.have.length(1);
    expect(gasSavings(before, { ...before, seal: { gas: 99_500, newSlots: 0 } })).to.deep.equal([]);
  });

  it('reads what it writes, in the order of the names', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'carelattice-'));
    try {
      const path = join(folder, 'gas.json');
      await writeBaseline(path, before);
      expect(await readBaseline(path)).to.deep.equal(before);
      expect(readFileSync(path, 'utf8').indexOf('open')).to.be.below(
        readFileSync(path, 'utf8').indexOf('seal'),
      );
      writeFileSync(path, '{"seal": {"gas": "many"}}');
      const refused = await readBaseline(path).catch((error: unknown) => error);
      expect(hasCode(refused, 'NoGasBaseline')).to.equal(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('stands in the repository and has every transaction of shared storage under the cap', async () => {
    const committed = await readBaseline(baselinePath);
    expect(committed).to.include.keys(
      'requestStorage, 16 nodes',
      'sealBatches of 1, 16 nodes',
      'recordReceipts, 16 nodes',
    );
    expect(gasFaults(committed, committed)).to.deep.equal([]);
  });
});

describe('a figure of the benchmark', () => {
  it('meets its goal at the bound itself', () => {
    expect(figure('G1', 560, 'gas/record', '<= 560', '').ok).to.equal(true);
    expect(figure('G1', 560.01, 'gas/record', '<= 560', '').ok).to.equal(false);
    expect(figure('G10', 4, 'ratio', '>= 4', '').ok).to.equal(true);
    expect(figure('G10', 3.99, 'ratio', '>= 4', '').ok).to.equal(false);
  });

  it('without a number misses its goal; without a goal it is always right', () => {
    expect(figure('G10', null, 'ratio', '>= 4', 'why').ok).to.equal(false);
    expect(figure('G9', null, 'records/CPU-s', null, 'why').ok).to.equal(true);
  });

  it('says how far a missed goal is', () => {
    expect(distanceOf(figure('G1', 616, 'gas/record', '<= 560', ''))).to.equal(
      'missed by 56 gas/record (10.0 %)',
    );
    expect(distanceOf(figure('G1', 500, 'gas/record', '<= 560', ''))).to.equal(undefined);
  });

  it('refuses a goal that nobody can compare with', () => {
    expect(codeOf(() => figure('G1', 1, 'gas', 'about 560', ''))).to.equal('BadGoal');
    expect(codeOf(() => figure('G1', 1, 'gas', '< 560', ''))).to.equal('BadGoal');
  });
});

describe('the JSON of the benchmark', () => {
  const part = {
    figures: [figure('G1', 500, 'gas/record', '<= 560', 'N=256\nin two lines')],
    failures: [],
  };

  it('is one line with id, value, unit, goal, ok and note of every figure', () => {
    const line = jsonLine([part, { figures: [], failures: ['wrong'], tables: { gas: {} } }], {
      seconds: 1,
    });
    expect(line).not.to.contain('\n');
    expect(JSON.parse(line)).to.deep.equal({
      figures: [
        {
          id: 'G1',
          value: 500,
          unit: 'gas/record',
          goal: '<= 560',
          ok: true,
          note: 'N=256\nin two lines',
        },
      ],
      failures: ['wrong'],
      seconds: 1,
      gas: {},
    });
  });

  it('refuses two figures of one id', () => {
    expect(codeOf(() => jsonLine([part, part], {}))).to.equal('FigureTwice');
  });
});

describe('the options of the benchmark', () => {
  it('run every part unless told which', () => {
    expect(benchOptions([])).to.deep.equal({ only: PARTS, json: false, update: false });
    expect(benchOptions(['--only', 'gas', '--json', '--update'])).to.deep.equal({
      only: ['gas'],
      json: true,
      update: true,
    });
  });

  it('refuse an unknown part, an unknown option and an update of what is not measured', () => {
    for (const args of [['--only', 'speed'], ['--fast'], ['--only', 'replication', '--update']]) {
      expect(codeOf(() => benchOptions(args))).to.equal('UnknownOption');
    }
  });
});
