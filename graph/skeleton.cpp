namespace manyfold {}
