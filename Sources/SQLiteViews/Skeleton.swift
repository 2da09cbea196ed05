enum SQLiteViewsSkeleton {}
