module weir.dev/native/stdio

go 1.26.0
