import { describe, expect, it } from '@jest/globals';
import { fileOf } from './files.mjs';
import { cycles, deadFiles, importGraph } from './import-graph.mjs';
import { nameFindings } from './names.mjs';
import * as texts from './texts.mjs';

const names = (...paths: string[]): string[] => nameFindings(paths.map((path) => fileOf(path)));

describe('tidy about names', () => {
  it('takes kebab-case with a known kind', () => {
    expect(names('apps/power/src/power-action/power-action.policy.ts', 'libs/saga/src/plan.spec.ts')).toEqual([]);
  });

  it.each([
    ['libs/saga/src/utils.ts', 'utils'],
    ['libs/saga/src/common/plan.ts', 'common'],
    ['libs/saga/src/planNext.ts', 'kebab-case'],
    ['libs/saga/src/plan.thing.ts', 'kind "thing"'],
  ])('refuses %s', (path, why) => {
    expect(names(path).join()).toContain(why);
  });
});

describe('tidy about imports', () => {
  const circle = [
    fileOf('libs/a/src/index.ts', "export * from './one.js';"),
    fileOf('libs/a/src/one.ts', "import { two } from './two.js';"),
    fileOf('libs/a/src/two.ts', "import { one } from '@rackwright/a';"),
  ];

  it('finds a circle, also through the front door of a library', () => {
    expect(cycles(importGraph(circle))).toEqual([['libs/a/src/index.ts', 'libs/a/src/one.ts', 'libs/a/src/two.ts']]);
  });

  it('allows a circle of types', () => {
    const types = circle.map((file) => fileOf(file.path, file.text.replace('import {', 'import type {')));
    expect(cycles(importGraph(types))).toEqual([]);
  });

  it('reads imports that go over several lines', () => {
    const wrapped = [
      fileOf('libs/a/src/index.ts', "import {\n  one,\n  two,\n} from './one.js';"),
      fileOf('libs/a/src/one.ts'),
    ];
    expect(importGraph(wrapped).get('libs/a/src/index.ts')).toEqual([{ path: 'libs/a/src/one.ts', isType: false }]);
  });

  it('finds a file nothing leads to, and knows what runs by itself', () => {
    const files = [
      ...circle,
      fileOf('libs/a/src/forgotten.ts'),
      fileOf('libs/a/src/testing/index.ts'),
      fileOf('libs/a/src/one.spec.ts'),
      fileOf('apps/b/src/main.ts'),
    ];
    expect(deadFiles(files, importGraph(files))).toEqual(['libs/a/src/forgotten.ts']);
  });
});

describe('tidy about texts', () => {
  const project = [fileOf('libs/a/package.json', '{}'), fileOf('libs/a/src/index.ts', '/** What it is for. */')];

  it('asks for a README of one screen and a header on the front door', () => {
    expect(texts.documentationFindings(project)).toEqual(['libs/a: has no README.md']);
    const long = [...project, fileOf('libs/a/README.md', 'line\n'.repeat(61))];
    expect(texts.documentationFindings(long).join()).toContain('61 lines');
    const bare = [
      fileOf('libs/a/package.json'),
      fileOf('libs/a/README.md'),
      fileOf('libs/a/src/index.ts', 'export {};'),
    ];
    expect(texts.documentationFindings(bare).join()).toContain('libs/a/src/index.ts');
  });

  it.each([`// ${'TO'}DO later`, `"/home/${'kim'}/x"`, 'https://us-npm.pkg.example.org/x'])('refuses %s', (text) => {
    expect(texts.wordFindings([fileOf('libs/a/src/a.ts', text)])).toHaveLength(1);
  });

  it('refuses tests that run alone, are still to be written, or are skipped without a reason', () => {
    const spec = (text: string): string[] => texts.specFindings([fileOf('libs/a/src/a.spec.ts', text)]);
    expect(spec("it.only('a', f);")).toHaveLength(1);
    expect(spec("it.todo('a');")).toHaveLength(1);
    expect(spec("it.skip('a', f);")).toHaveLength(1);
    expect(spec("// needs a real switch\nit.skip('a', f);")).toEqual([]);
  });

  it('refuses heavy files and more captures than fit', () => {
    const heavy = { ...fileOf('a.bin'), bytes: 2_000_000 };
    const captures = [1, 2, 3, 4, 5].map((n) => ({ ...fileOf(`test/data/${n}.json`), bytes: 1_400_000 }));
    expect(texts.weightFindings([heavy])).toHaveLength(1);
    expect(texts.weightFindings(captures)).toEqual(['test/data: 6.7 MB; at most 6 MB']);
  });

  it('follows links between documents', () => {
    const docs = [
      fileOf('README.md', '[a](docs/a.md#x) [b](docs/b.md) [c](https://example.org) [d](docs)'),
      fileOf('docs/a.md'),
    ];
    expect(texts.linkFindings(docs)).toEqual(['README.md: the link to docs/b.md leads nowhere']);
  });

  it('reports the sizes of code and specs', () => {
    const files = [fileOf('libs/a/src/a.ts', 'x\n'.repeat(9)), fileOf('libs/a/src/a.spec.ts', 'x\n'.repeat(3))];
    expect(texts.sizeReport(files)).toEqual([
      'code: 1 files, median 9, p90 9, largest 9 (libs/a/src/a.ts)',
      'specs: 1 files, median 3, p90 3, largest 3 (libs/a/src/a.spec.ts)',
    ]);
  });
});
