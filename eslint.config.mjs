import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';
import { depConstraints, SPEC_CIRCLES, SPEC_EXTRAS } from './tools/lint/boundaries.mjs';
import rackwright from './tools/lint/plugin.mjs';

// The rule about module boundaries reads the project graph from Nx's cache and is silent when there is none: a fresh clone
// would pass whatever it imports. Made anew for every run, so that a new project counts at once.
await createProjectGraphAsync({ exitOnError: true });

const lines = (max) => ['error', { max, skipBlankLines: false, skipComments: false }];
const boundaries = (extras) => [
  'error',
  {
    allow: [],
    allowCircularSelfDependency: false,
    ignoredCircularDependencies: SPEC_CIRCLES,
    enforceBuildableLibDependency: false,
    depConstraints: depConstraints(extras),
  },
];

const sizes = {
  'max-lines': lines(400),
  'rackwright/max-lines-per-function': ['error', { max: 70 }],
  'rackwright/max-params': ['error', { functions: 4, constructors: 8 }],
};

export default tseslint.config(
  { ignores: ['**/dist/', '**/generated/', '**/node_modules/', '.nx/', '.rackwright/', 'coverage/', 'test/data/'] },
  // Exceptions are made here, with their reason, never in the code.
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: { ecmaVersion: 2023 },
    plugins: { rackwright },
    rules: { ...sizes, eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' },
  },
  // Read by Nodes that are too old for the rest: written in the language of their time.
  { files: ['tools/check-node.cjs'], rules: { 'no-var': 'off' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    plugins: { '@nx': nx, rackwright },
    rules: {
      ...sizes,
      eqeqeq: 'error',
      'no-throw-literal': 'error',
      'object-shorthand': 'error',
      'rackwright/no-ambient-world': 'error',
      'rackwright/no-process-env': 'error',
      'rackwright/package-owners': 'error',
      'rackwright/workspace-imports': 'error',
      'rackwright/port-size': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // Leaves files with decorators alone: constructor metadata needs the class itself.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@nx/enforce-module-boundaries': boundaries([]),
    },
  },
  {
    files: ['**/*.spec.ts', 'libs/*/src/testing/**', 'libs/drivers/*/src/testing/**'],
    rules: { 'max-lines': lines(600), '@nx/enforce-module-boundaries': boundaries(SPEC_EXTRAS) },
  },
  { files: ['libs/saga-catalog/src/**/*.saga.ts'], rules: { 'max-lines': lines(200) } },
  // The one place that asks the machine for time and randomness.
  { files: ['libs/kernel/src/**'], rules: { 'rackwright/no-ambient-world': 'off' } },
  { files: ['**/*.config.ts'], rules: { 'rackwright/no-process-env': 'off' } },
  // Programs of the workshop: nothing of the product runs on them.
  { files: ['tools/**/*.ts'], rules: { 'rackwright/no-process-env': 'off', 'rackwright/no-ambient-world': 'off' } },
);
