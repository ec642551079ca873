module weir.dev/bench/floor

go 1.26
