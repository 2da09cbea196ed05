enum PlannerSkeleton {}
