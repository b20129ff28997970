/** npm packages that no bundle can hold: native addons, which have to lie in `node_modules` beside the programs. */
export const unbundled = ['@mongodb-js/zstd'];
