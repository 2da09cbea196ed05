enum OperatorsSkeleton {}
