/**
 * Node warns (DEP0123) whenever grpc-js opens TLS to a server that is named by its IP address, as etcd mostly is. The
 * certificate is checked all the same, so an operator has nothing to do about it; every other warning stays.
 */
export function withoutIpServerNames(process: Pick<NodeJS.Process, "emitWarning">): void {
  const emit = process.emitWarning.bind(process) as (...all: readonly unknown[]) => void;
  process.emitWarning = (...all: readonly unknown[]) => {
    const [, type, code] = all;
    if (type === "DeprecationWarning" && code === "DEP0123") return;
    emit(...all);
  };
}
