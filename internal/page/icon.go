package page

// icon returns the path of the picture of a kind of device, drawn for Waymark on a grid
// of 24; "" for none.
func icon(device string) string {
	switch device {
	case "iphone", "android":
		return "M8 3h8a1 1 0 011 1v16a1 1 0 01-1 1H8a1 1 0 01-1-1V4a1 1 0 011-1zM11 18h2"
	case "mac":
		return "M6 5h12a1 1 0 011 1v9H5V6a1 1 0 011-1zM3 18h18"
	case "windows", "linux":
		return "M4 4h16v11H4zM9 20h6M12 15v5"
	case "web":
		return "M3 5h18v14H3zM3 9h18M6 7h1M9 7h1"
	case "printer":
		return "M7 9V4h10v5M5 9h14a1 1 0 011 1v7h-3M7 17H4v-7a1 1 0 011-1M7 14h10v6H7z"
	}
	return ""
}
