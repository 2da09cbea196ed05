enum HTTPAPISkeleton {}
