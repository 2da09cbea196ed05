enum RocksStoreSkeleton {}
