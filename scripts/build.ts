/**
 * `bun scripts/build.ts`: bundles Fieldhouse into `dist`, which starts in two thirds of the time and takes a fifth less memory than
 * its sources. `bun run start` does it first. What is bundled of this very state of the files already is left as it is.
 */
